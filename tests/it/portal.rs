//! Log-in by a district's portal: the story on both databases, and everything a portal, a browser or somebody between them
//! could get wrong. The portal is a little server on loopback that signs what it is told to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD as B64};
use hmac::{Hmac, KeyInit, Mac};
use ledger::books::Role;
use ledger::hooks::Openness;
use ledger::people::Scope;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use url::Url;
use xiaoqu::config::{Config, Portal, Portals, Secret};

use crate::doors::{Answered, Doors, token};
use crate::on_both;
use crate::people::{Desk, PASSWORD, kept, later};
use crate::world::World;

const SECRET: &str = "s3cr&t: 一=1";
/// A key of 2048 bits that was made for this test and opens nothing.
const RSA: &str = include_str!("../cases/portal/rsa-made-for-this-test.b64");

/// How a token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Signed {
    /// With the portal's key.
    Right,
    /// With its RSA key.
    Rsa,
    /// With a key that is not the portal's, under the number of one that is.
    Stranger,
    /// With the letters of the public key as a shared secret.
    Shared,
    /// Not at all.
    Not,
}

/// What the portal does when it is asked for what it says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    Well,
    Slow,
    Large,
    Down,
    Another,
    Elsewhere,
    WithoutS256,
    NoJson,
}

/// What a code stands for.
#[derive(Clone)]
struct Code {
    redirect: String,
    challenge: String,
    token: String,
}

struct Inside {
    mood: Mood,
    kid: String,
    keys: HashMap<String, EcdsaKeyPair>,
    codes: HashMap<String, Code>,
    looked: u32,
    exchanged: u32,
}

/// An OpenID Provider on loopback.
#[derive(Clone)]
struct Fake {
    issuer: String,
    inside: Arc<Mutex<Inside>>,
}

fn pair() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key.as_ref(), &random).unwrap()
}

fn rsa() -> RsaKeyPair {
    let key = BASE64_STANDARD.decode(RSA.replace('\n', "")).unwrap();
    RsaKeyPair::from_der(&key).unwrap()
}

fn jwk(kid: &str, key: &EcdsaKeyPair) -> Value {
    let point = key.public_key().as_ref();
    let (x, y) = (B64.encode(&point[1..33]), B64.encode(&point[33..]));
    json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": kid, "x": x, "y": y })
}

impl Fake {
    async fn open() -> Fake {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let inside = Inside {
            mood: Mood::Well,
            kid: "k1".to_owned(),
            keys: HashMap::from([("k1".to_owned(), pair())]),
            codes: HashMap::new(),
            looked: 0,
            exchanged: 0,
        };
        let fake = Fake { issuer, inside: Arc::new(Mutex::new(inside)) };
        let app = Router::new()
            .route("/.well-known/openid-configuration", get(describe))
            .route("/keys", get(keys))
            .route("/token", post(exchange))
            .with_state(fake.clone());
        // Dies with the test's runtime.
        tokio::spawn(async move { axum::serve(listener, app).await });
        fake
    }

    fn mood(&self, mood: Mood) {
        self.inside.lock().unwrap().mood = mood;
    }

    fn counts(&self) -> (u32, u32) {
        let inside = self.inside.lock().unwrap();
        (inside.looked, inside.exchanged)
    }

    /// Another key, and the old one gone.
    fn turn_keys(&self, kid: &str) {
        let mut inside = self.inside.lock().unwrap();
        inside.keys = HashMap::from([(kid.to_owned(), pair())]);
        inside.kid = kid.to_owned();
    }

    /// Somebody agrees: the code, and what it will be exchanged for.
    fn consent(&self, asked: &HashMap<String, String>, recipe: &Recipe, now: i64) -> String {
        let mut claims = json!({ "iss": self.issuer, "sub": "u-1", "aud": "xiaoqu", "iat": now,
            "exp": now + 300, "nonce": asked["nonce"] });
        for (name, value) in recipe.claims.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let mut inside = self.inside.lock().unwrap();
        let signed = recipe.signed;
        let alg = match signed {
            Signed::Right | Signed::Stranger => "ES256",
            Signed::Rsa => "RS256",
            Signed::Shared => "HS256",
            Signed::Not => "none",
        };
        let kid = if signed == Signed::Rsa { "rsa".to_owned() } else { inside.kid.clone() };
        let mut header = json!({ "alg": alg, "kid": kid });
        for (name, value) in recipe.header.as_object().unwrap() {
            header[name] = value.clone();
        }
        let words =
            format!("{}.{}", B64.encode(header.to_string()), B64.encode(claims.to_string()));
        let random = SystemRandom::new();
        let own = &inside.keys[&inside.kid];
        let signature = match signed {
            Signed::Right => own.sign(&random, words.as_bytes()).unwrap().as_ref().to_vec(),
            Signed::Stranger => pair().sign(&random, words.as_bytes()).unwrap().as_ref().to_vec(),
            Signed::Rsa => {
                let key = rsa();
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, words.as_bytes(), &mut signature).unwrap();
                signature
            }
            Signed::Shared => {
                let public = own.public_key().as_ref();
                let mut mac = Hmac::<Sha256>::new_from_slice(public).unwrap();
                mac.update(words.as_bytes());
                mac.finalize().into_bytes().to_vec()
            }
            Signed::Not => Vec::new(),
        };
        let token = format!("{words}.{}", B64.encode(signature));
        let code = format!("code-{}", inside.codes.len());
        let (redirect, challenge) =
            (asked["redirect_uri"].clone(), asked["code_challenge"].clone());
        inside.codes.insert(code.clone(), Code { redirect, challenge, token });
        code
    }
}

/// A token otherwise than it should be.
struct Recipe {
    claims: Value,
    header: Value,
    signed: Signed,
}

fn claiming(claims: Value) -> Recipe {
    Recipe { claims, header: json!({}), signed: Signed::Right }
}

fn signed(signed: Signed) -> Recipe {
    Recipe { claims: json!({}), header: json!({}), signed }
}

fn headed(header: Value) -> Recipe {
    Recipe { claims: json!({}), header, signed: Signed::Right }
}

async fn describe(State(fake): State<Fake>) -> Response {
    let mood = {
        let mut inside = fake.inside.lock().unwrap();
        inside.looked += 1;
        inside.mood
    };
    let at = &fake.issuer;
    let mut told = json!({ "issuer": at, "authorization_endpoint": format!("{at}/authorize?tenant=1"),
        "token_endpoint": format!("{at}/token"), "jwks_uri": format!("{at}/keys"),
        "authorization_response_iss_parameter_supported": true,
        "code_challenge_methods_supported": ["plain", "S256"], "scopes_supported": ["openid"] });
    match mood {
        Mood::Well => {}
        Mood::Slow => tokio::time::sleep(Duration::from_secs(5)).await,
        Mood::Large => told["padding"] = "x".repeat(300 << 10).into(),
        Mood::Down => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Mood::Another => told["issuer"] = format!("{at}/").into(),
        Mood::Elsewhere => told["jwks_uri"] = "file:///etc/passwd".into(),
        Mood::WithoutS256 => told["code_challenge_methods_supported"] = json!(["plain"]),
        Mood::NoJson => return "<html>".into_response(),
    }
    told.to_string().into_response()
}

async fn keys(State(fake): State<Fake>) -> String {
    let inside = fake.inside.lock().unwrap();
    let mut keys: Vec<Value> = inside.keys.iter().map(|(kid, key)| jwk(kid, key)).collect();
    let ring::rsa::PublicKeyComponents::<Vec<u8>> { n, e } = rsa().public().into();
    keys.push(json!({ "kty": "RSA", "kid": "rsa", "n": B64.encode(n), "e": B64.encode(e) }));
    // Kinds that are not known here, and one that is not for signing.
    keys.push(json!({ "kty": "OKP", "crv": "SM2", "kid": "sm2" }));
    keys.push(json!({ "kty": 7 }));
    json!({ "keys": keys }).to_string()
}

async fn exchange(
    State(fake): State<Fake>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let mut inside = fake.inside.lock().unwrap();
    inside.exchanged += 1;
    let said = |word: &str| {
        (StatusCode::BAD_REQUEST, json!({ "error": word }).to_string()).into_response()
    };
    let encoded: String = url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("xiaoqu:{encoded}")));
    if headers[header::AUTHORIZATION] != basic.as_str() {
        return said("invalid_client");
    }
    // Used once, whatever comes of it.
    let Some(code) = inside.codes.get(&form["code"]).cloned() else { return said("invalid_grant") };
    let name = form["code"].clone();
    inside.codes.insert(name, Code { challenge: String::new(), ..code.clone() });
    let shown = B64.encode(Sha256::digest(&form["code_verifier"]));
    let is_fit = form["grant_type"] == "authorization_code"
        && form["redirect_uri"] == code.redirect
        && shown == code.challenge;
    if !is_fit {
        return said("invalid_grant");
    }
    json!({ "access_token": "not-read", "token_type": "Bearer", "id_token": code.token })
        .to_string()
        .into_response()
}

/// The house with one portal, and a browser.
struct House {
    doors: Doors,
    fake: Fake,
    desk: Desk,
}

/// A visit that was begun: the cookie, and what the portal was asked.
struct Visit {
    cookie: String,
    asked: HashMap<String, String>,
}

fn settings(fake: &Fake, allows: Openness) -> Config {
    let portal = Portal {
        name: "district".to_owned(),
        shown_as: "区政务门户".to_owned(),
        issuer: fake.issuer.clone(),
        client_id: "xiaoqu".to_owned(),
        client_secret: Some(Secret::new(SECRET)),
        strong_acr: vec!["urn:level:2".to_owned()],
        strong_amr: vec!["otp".to_owned()],
        allows_http: allows.http,
    };
    let portals = Portals {
        public_url: "https://books.example/".to_owned(),
        allows,
        ca: None,
        timeout: Duration::from_millis(700),
        list: vec![portal],
    };
    Config { portals, ..Config::default() }
}

const OPEN: Openness = Openness { http: true, private: true };

impl House {
    async fn of(world: &World) -> House {
        let fake = Fake::open().await;
        let doors = Doors::with(world, settings(&fake, OPEN));
        let desk = Desk::of(&world.books);
        desk.enlist("wang").await;
        let here = Scope::Compound(world.compound);
        desk.appoint("wang", Role::PropertyCompany, here, "2026-01-01", "").await.unwrap();
        House { doors, fake, desk }
    }

    /// Another process's door to the same books.
    fn reopened(&mut self, world: &World, allows: Openness) {
        self.doors = Doors::with(world, settings(&self.fake, allows));
    }

    async fn admin(&self, method: &str, path: &str, body: Option<Value>) -> Answered {
        self.doors.knock(&token(Role::Administrator), method, path, body.as_ref()).await
    }

    async fn bound(&self, user: &str, subject: &str) -> Answered {
        let path = format!("/api/v1/users/{user}/portals/district");
        self.admin("POST", &path, Some(json!({ "subject": subject }))).await
    }

    async fn knock(&self, path: &str, headers: &[(&str, &str)]) -> Answered {
        let request = headers.iter().fold(Request::get(path), |r, (n, v)| r.header(*n, *v));
        self.doors.send(request.body(Body::empty()).unwrap()).await
    }

    async fn begin(&self) -> Visit {
        visit(&self.knock("/api/v1/portals/district/begin", &[]).await)
    }

    fn answer(&self, visit: &Visit, code: &str) -> String {
        let pairs = [
            ("state", visit.asked["state"].as_str()),
            ("code", code),
            ("iss", &self.fake.issuer),
            ("session_state", "a word of its own"),
        ];
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        format!("/api/v1/portals/district/callback?{}", query.extend_pairs(pairs).finish())
    }

    async fn back(&self, visit: &Visit, code: &str) -> Answered {
        self.knock(&self.answer(visit, code), &[("cookie", &visit.cookie)]).await
    }

    /// From the beginning to the end.
    async fn come(&self, world: &World, recipe: &Recipe) -> Answered {
        let visit = self.begin().await;
        let code = self.fake.consent(&visit.asked, recipe, world.clock.now().seconds());
        self.back(&visit, &code).await
    }
}

fn cookies(answer: &Answered) -> Vec<String> {
    let all = answer.headers.get_all("set-cookie").iter();
    all.map(|cookie| cookie.to_str().unwrap().to_owned()).collect()
}

/// What a browser does with `begin`: keeps the cookie and follows.
fn visit(answer: &Answered) -> Visit {
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
    followed(&cookies(answer)[0], answer.headers["location"].to_str().unwrap())
}

fn followed(cookie: &str, url: &str) -> Visit {
    let asked = Url::parse(url).unwrap().query_pairs().into_owned().collect();
    Visit { cookie: cookie.split(';').next().unwrap().to_owned(), asked }
}

on_both! {
    async fn who_is_bound_comes_in_by_the_portal_and_nobody_else(world: World) {
        let house = House::of(&world).await;
        let listed = house.knock("/api/v1/portals", &[]).await.must(200);
        assert_eq!(listed["portals"][0]["shown_as"], "区政务门户");

        let begun = house.knock(listed["portals"][0]["begin"].as_str().unwrap(), &[]).await;
        for word in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/api/v1/portals", "Max-Age=600"] {
            assert!(cookies(&begun)[0].contains(word), "{:?}", cookies(&begun));
        }
        let asked = visit(&begun).asked;
        for (name, value) in [("response_type", "code"), ("client_id", "xiaoqu"), ("scope", "openid"), ("tenant", "1"),
            ("redirect_uri", "https://books.example/api/v1/portals/district/callback"),
            ("code_challenge_method", "S256"), ("acr_values", "urn:level:2")] {
            assert_eq!(asked[name], value, "{name}");
        }
        assert!(asked["state"].len() == 43 && asked["nonce"].len() == 43 && asked["state"] != asked["nonce"]);
        assert!(!cookies(&begun)[0].contains(&asked["state"]), "what is carried is sealed");

        // Nobody is registered by coming, and nobody is found by an e-mail.
        let plain = claiming(json!({ "email": "wang@books.example", "preferred_username": "wang" }));
        house.come(&world, &plain).await.problem(403, "people.portal-unbound");

        assert_eq!(house.bound("wang", "u-1").await.status, StatusCode::NO_CONTENT);
        house.bound("wang", "u-2").await.problem(409, "people.portal-taken");
        house.desk.enlist("li").await;
        house.bound("li", "u-1").await.problem(409, "people.portal-taken");
        house.bound("li", "有 空格").await.problem(400, "people.portal-shape");
        house.bound("nobody", "u-3").await.problem(404, "people.no-user");
        let nowhere = house.admin("POST", "/api/v1/users/li/portals/other", Some(json!({ "subject": "u-3" }))).await;
        nowhere.problem(404, "portal.unknown");

        let came = house.come(&world, &plain).await;
        let kept_by_browser = cookies(&came);
        let told = came.must(200);
        let session = told["session"].as_str().unwrap().to_owned();
        assert_eq!(told["is_strong"], false);
        assert_eq!(kept_by_browser[0], format!("xiaoqu_session={session}; Path=/; HttpOnly; Secure; SameSite=Lax"));
        assert!(kept_by_browser[1].starts_with("xiaoqu_portal=;") && kept_by_browser[1].contains("Max-Age=0"));
        let myself = house.doors.knock(&session, "GET", "/api/v1/session", None).await.must(200);
        assert_eq!((&myself["user"], &myself["portals"]), (&json!("wang"), &json!(["district"])));
        assert_eq!(myself["mandates"][0]["of"], "xiaohe");
        // Without a factor that counts, money is read and not written.
        let deposit = crate::doors::deposit(100);
        house.doors.knock(&session, "POST", "/deposits", Some(&deposit)).await.problem(403, "people.second-factor");
        for (factor, is_strong) in [(json!({ "amr": ["pwd", "otp"] }), true), (json!({ "acr": "urn:level:2" }), true),
            (json!({ "amr": ["pwd"], "acr": "urn:level:1" }), false), (json!({ "amr": ["OTP"] }), false)] {
            let told = house.come(&world, &claiming(factor.clone())).await.must(200);
            assert_eq!(told["is_strong"], is_strong, "{factor}");
        }
        let strong = house.come(&world, &Recipe { claims: json!({ "amr": ["otp"] }), ..signed(Signed::Rsa) }).await.must(200);
        let strong = strong["session"].as_str().unwrap().to_owned();
        house.doors.knock(&strong, "POST", "/deposits", Some(&deposit)).await.must(201);

        // A browser is sent to the front of the house, wherever somebody would like it sent.
        let visit = house.begin().await;
        let code = house.fake.consent(&visit.asked, &plain, world.clock.now().seconds());
        let path = format!("{}&next=https%3A%2F%2Fevil.example&redirect_uri=https%3A%2F%2Fevil.example", house.answer(&visit, &code));
        let page = house.knock(&path, &[("cookie", &visit.cookie), ("accept", "text/html,*/*")]).await;
        assert_eq!((page.status, page.headers["location"].to_str().unwrap()), (StatusCode::SEE_OTHER, "/"));
        assert!(page.body.is_empty() && cookies(&page)[0].starts_with("xiaoqu_session=xs_"));

        let path = "/api/v1/users/wang/portals/district";
        assert_eq!(house.admin("DELETE", path, None).await.status, StatusCode::NO_CONTENT);
        house.doors.knock(&strong, "GET", "/api/v1/session", None).await.problem(401, "door.unknown-caller");
        house.come(&world, &plain).await.problem(403, "people.portal-unbound");
        house.admin("DELETE", path, None).await.problem(404, "people.portal-not-bound");

        let acts = kept(&world).await;
        let lines = |verb: &str| acts.lines().filter(|act| act.starts_with(verb)).count();
        assert_eq!((lines("people.come-by-portal"), lines("people.bind-portal"), lines("people.unbind-portal")), (9, 1, 1), "{acts}");
        for secret in ["u-1", "code-", "eyJ", &session, &strong, SECRET, "books.example"] {
            assert!(!acts.contains(secret), "{secret} is in the acts:\n{acts}");
        }
    }

    async fn a_user_binds_themselves_with_their_password_in_a_session(world: World) {
        let house = House::of(&world).await;
        let session = house.desk.log_in("wang", PASSWORD).await.unwrap();
        let bind = async |shown: &str, password: &str| {
            let body = json!({ "password": password });
            house.doors.knock(shown, "POST", "/api/v1/portals/district/binding", Some(&body)).await
        };
        bind(&token(Role::Administrator), PASSWORD).await.problem(403, "people.session-only");
        bind(&session, "not-the-password").await.problem(401, "people.login");
        let begun = bind(&session, PASSWORD).await;
        let cookie = cookies(&begun)[0].clone();
        let visit = followed(&cookie, begun.must(201)["url"].as_str().unwrap());
        let now = world.clock.now().seconds();
        let code = house.fake.consent(&visit.asked, &claiming(json!({})), now);
        // Somebody else's browser cannot finish it.
        let stolen = house.begin().await;
        let path = house.answer(&visit, &code);
        house.knock(&path, &[("cookie", &stolen.cookie)]).await.problem(403, "portal.state");
        let bound = house.back(&visit, &code).await;
        assert_eq!(bound.status, StatusCode::NO_CONTENT, "{}", bound.text());
        assert!(!cookies(&bound).iter().any(|cookie| cookie.starts_with("xiaoqu_session")));
        house.back(&visit, &code).await.problem(403, "portal.state");
        house.come(&world, &claiming(json!({}))).await.must(200);

        // Asked for before the password was changed, it is void.
        let gone = house.doors.knock(&session, "DELETE", "/api/v1/portals/district/binding", None).await;
        assert_eq!(gone.status, StatusCode::NO_CONTENT);
        let session = house.desk.log_in("wang", PASSWORD).await.unwrap();
        let begun = bind(&session, PASSWORD).await;
        let cookie = cookies(&begun)[0].clone();
        let visit = followed(&cookie, begun.must(201)["url"].as_str().unwrap());
        house.desk.entrance.set_password(&house.desk.admin, "wang", PASSWORD.into()).await.unwrap();
        let code = house.fake.consent(&visit.asked, &claiming(json!({})), now);
        house.back(&visit, &code).await.problem(403, "people.session-only");
        house.come(&world, &claiming(json!({}))).await.problem(403, "people.portal-unbound");
    }

    async fn who_is_disabled_or_locked_does_not_come_in_by_the_portal_either(world: World) {
        let house = House::of(&world).await;
        house.bound("wang", "u-1").await;
        let plain = claiming(json!({}));
        house.come(&world, &plain).await.must(200);
        for _ in 0..5 {
            house.desk.log_in("wang", "not-the-password").await.unwrap_err();
        }
        house.come(&world, &plain).await.problem(401, "people.login");
        later(&world, 30);
        house.come(&world, &plain).await.must(200);
        // Coming in so forgets no wrong password.
        house.desk.log_in("wang", "not-the-password").await.unwrap_err();
        house.come(&world, &plain).await.problem(401, "people.login");
        later(&world, 60);
        house.admin("POST", "/api/v1/users/wang/disable", None).await.must(201);
        house.come(&world, &plain).await.problem(401, "people.login");
        // A subject nobody has is counted too, and locked by itself.
        let other = claiming(json!({ "sub": "u-9" }));
        for _ in 0..5 {
            house.come(&world, &other).await.problem(403, "people.portal-unbound");
        }
        house.come(&world, &other).await.problem(401, "people.login");
        let ten = claiming(json!({ "sub": "u-10" }));
        house.come(&world, &ten).await.problem(403, "people.portal-unbound");
    }

    async fn a_token_that_is_not_to_be_believed_opens_nothing(world: World) {
        let house = House::of(&world).await;
        house.bound("wang", "u-1").await;
        let now = world.clock.now().seconds();
        let attacks = [
            ("another issuer", claiming(json!({ "iss": "https://evil.example" })), "issuer"),
            ("the issuer with a slash", claiming(json!({ "iss": format!("{}/", house.fake.issuer) })), "issuer"),
            ("several issuers", claiming(json!({ "iss": [house.fake.issuer] })), "shape"),
            ("another audience", claiming(json!({ "aud": "another" })), "audience"),
            ("two audiences", claiming(json!({ "aud": ["xiaoqu", "another"], "azp": "xiaoqu" })), "audience"),
            ("another party", claiming(json!({ "azp": "another" })), "party"),
            ("expired", claiming(json!({ "exp": now - 61, "iat": now - 300 })), "expired"),
            ("an end that is a word", claiming(json!({ "exp": "never" })), "shape"),
            ("no end", claiming(json!({ "exp": null })), "shape"),
            ("issued tomorrow", claiming(json!({ "iat": now + 86_400, "exp": now + 90_000 })), "early"),
            ("issued yesterday", claiming(json!({ "iat": now - 86_400 })), "old"),
            ("good from tomorrow", claiming(json!({ "nbf": now + 86_400 })), "early"),
            ("another nonce", claiming(json!({ "nonce": "of another visit" })), "nonce"),
            ("no nonce", claiming(json!({ "nonce": null })), "nonce"),
            ("no subject", claiming(json!({ "sub": "" })), "shape"),
            ("not signed", signed(Signed::Not), "algorithm"),
            ("signed with the public key as a secret", signed(Signed::Shared), "algorithm"),
            ("signed with another key", signed(Signed::Stranger), "signature"),
            ("ES256 said to be RS256", headed(json!({ "alg": "RS256" })), "key"),
            ("ES256 under the RSA key's number", headed(json!({ "kid": "rsa" })), "key"),
            ("RS256 said to be PS256", Recipe { header: json!({ "alg": "PS256" }), ..signed(Signed::Rsa) }, "signature"),
            ("a key of its own in the header", Recipe {
                header: json!({ "kid": "mine", "jwk": jwk("mine", &pair()) }), ..signed(Signed::Stranger) }, "key"),
            ("something that must be understood", headed(json!({ "crit": ["b64"], "b64": false })), "shape"),
            ("no ID token", headed(json!({ "typ": "at+jwt" })), "shape"),
        ];
        let count = attacks.len();
        for (attack, recipe, why) in attacks {
            let told = house.come(&world, &recipe).await.problem(403, "portal.token");
            assert_eq!(told["why"], why, "{attack}: {told}");
        }
        let acts = kept(&world).await;
        let recorded = acts.lines().filter(|act| act.starts_with("refused.attempt") && act.contains("portal.token")).count();
        assert_eq!(recorded, count, "each is on record:\n{acts}");
        assert!(!acts.contains("people.come-by-portal"), "{acts}");
        // Control: the same portal, rightly.
        house.come(&world, &claiming(json!({}))).await.must(200);
    }

    async fn a_visit_is_made_once_by_one_browser_in_time(world: World) {
        let mut house = House::of(&world).await;
        house.bound("wang", "u-1").await;
        let now = || world.clock.now().seconds();
        let plain = claiming(json!({}));
        let agreed = async |house: &House| {
            let visit = house.begin().await;
            let code = house.fake.consent(&visit.asked, &plain, now());
            (visit, code)
        };
        let (one, code) = agreed(&house).await;
        house.back(&one, &code).await.must(200);
        house.back(&one, &code).await.problem(403, "portal.state");
        // In another process too.
        let (two, code) = agreed(&house).await;
        house.back(&two, &code).await.must(200);
        house.reopened(&world, OPEN);
        house.back(&two, &code).await.problem(403, "portal.state");

        // A code of another visit: its verifier is not ours (PKCE), and it was used besides.
        let ((mine, _), (_, theirs)) = (agreed(&house).await, agreed(&house).await);
        house.back(&mine, &theirs).await.problem(403, "portal.declined");
        let (fresh, _) = agreed(&house).await;
        house.back(&fresh, &code).await.problem(403, "portal.declined");
        house.back(&house.begin().await, "made-up").await.problem(403, "portal.declined");

        let (visit, code) = agreed(&house).await;
        let path = house.answer(&visit, &code);
        let other = house.begin().await;
        let (_, exchanged) = house.fake.counts();
        for cookie in ["", "xiaoqu_portal=", "xiaoqu_portal=AAAA", &other.cookie, &visit.cookie[..visit.cookie.len() - 2]] {
            house.knock(&path, &[("cookie", cookie)]).await.problem(403, "portal.state");
        }
        house.knock(&path, &[]).await.problem(403, "portal.state");
        house.knock(&path.replace("state=", "state=x"), &[("cookie", &visit.cookie)]).await.problem(403, "portal.state");
        assert_eq!(house.fake.counts().1, exchanged, "nothing was asked of the portal");
        later(&world, 599);
        house.back(&visit, &code).await.problem(403, "portal.token");
        let (visit, code) = agreed(&house).await;
        later(&world, 600);
        house.back(&visit, &code).await.problem(403, "portal.state");

        // The mix-up: an answer of another issuer, or of one that does not say.
        for issuer in ["&iss=https%3A%2F%2Fevil.example", ""] {
            let (visit, code) = agreed(&house).await;
            let path = house.answer(&visit, &code);
            let (before, rest) = path.split_once("&iss=").unwrap();
            let path = format!("{before}{issuer}&{}", rest.split_once('&').unwrap().1);
            let told = house.knock(&path, &[("cookie", &visit.cookie)]).await.problem(403, "portal.token");
            assert_eq!(told["why"], "issuer");
        }
        // Somebody says no, or nothing.
        for said in ["&error=access_denied&error_description=%3Cscript%3E", "", "&code=a&error=b"] {
            let visit = house.begin().await;
            let state = &visit.asked["state"];
            let issuer: String = url::form_urlencoded::byte_serialize(house.fake.issuer.as_bytes()).collect();
            let path = format!("/api/v1/portals/district/callback?state={state}&iss={issuer}{said}");
            let told = house.knock(&path, &[("cookie", &visit.cookie)]).await;
            assert!(!told.text().contains("script"));
            told.problem(403, "portal.declined");
        }
        house.knock("/api/v1/portals/other/begin", &[]).await.problem(404, "portal.unknown");
    }

    async fn new_keys_are_found_and_a_key_nobody_has_is_not_looked_for_again_and_again(world: World) {
        let house = House::of(&world).await;
        house.bound("wang", "u-1").await;
        let plain = claiming(json!({}));
        house.come(&world, &plain).await.must(200);
        house.come(&world, &plain).await.must(200);
        assert_eq!(house.fake.counts().0, 1, "what was read counts for an hour");
        house.fake.turn_keys("k2");
        house.come(&world, &plain).await.must(200);
        assert_eq!(house.fake.counts().0, 2);
        house.fake.turn_keys("k3");
        for _ in 0..5 {
            let told = house.come(&world, &plain).await.problem(403, "portal.token");
            assert_eq!(told["why"], "key");
        }
        assert_eq!(house.fake.counts().0, 2, "within a minute of the last search");
    }

    async fn a_portal_that_is_away_holds_nobody_up(world: World) {
        let mut house = House::of(&world).await;
        house.bound("wang", "u-1").await;
        for mood in [Mood::Slow, Mood::Large, Mood::Down, Mood::Another, Mood::Elsewhere, Mood::WithoutS256, Mood::NoJson] {
            house.reopened(&world, OPEN);
            house.fake.mood(mood);
            let (looked, _) = house.fake.counts();
            let begun = std::time::Instant::now();
            let told = house.knock("/api/v1/portals/district/begin", &[]).await.problem(503, "portal.away");
            assert!(begun.elapsed() < Duration::from_secs(2), "{mood:?}: {:?}", begun.elapsed());
            assert!(!told["detail"].as_str().unwrap().contains("127.0.0.1"), "{told}");
            // It is left alone for a while, and nobody waits meanwhile.
            let again = std::time::Instant::now();
            house.knock("/api/v1/portals/district/begin", &[]).await.problem(503, "portal.away");
            assert!(again.elapsed() < Duration::from_millis(300), "{mood:?}");
            assert_eq!(house.fake.counts().0, looked + 1, "{mood:?}");
        }
        house.fake.mood(Mood::Well);
        let (looked, _) = house.fake.counts();
        for allows in [Openness { http: true, private: false }, Openness::default()] {
            house.reopened(&world, allows);
            house.knock("/api/v1/portals/district/begin", &[]).await.problem(503, "portal.away");
        }
        assert_eq!(house.fake.counts().0, looked, "our own network is not looked into");
        house.reopened(&world, OPEN);
        house.come(&world, &claiming(json!({}))).await.must(200);
    }
}

#[test]
fn the_settings_of_a_portal_are_read_and_the_doctor_asks_it() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let fake = runtime.block_on(Fake::open());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("xiaoqu.toml");
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "from-a-file\n").unwrap();
    let table = |more: &str| {
        format!(
            "[[portal]]\nname = 'district-1'\nshown_as = '区门户'\nissuer = '{}'\nclient_id = 'xiaoqu'\n{more}\n",
            fake.issuer
        )
    };
    let read = |text: &str, variables: &[(&str, &str)]| {
        std::fs::write(&path, text).unwrap();
        let variable = |name: &str| variables.iter().find(|(known, _)| *known == name);
        Config::read(Some(&path), |name| variable(name).map(|(_, value)| (*value).to_owned()))
    };
    let ours = "public_url = 'http://books.example'\nportal_allow_http = true\n";
    let from_file = format!(
        "{ours}{}",
        table(&format!("client_secret_file = '{}'\nstrong_amr = ['otp']", secret.display()))
    );
    let portals = read(&from_file, &[]).unwrap().portals;
    assert_eq!(portals.list[0].client_secret.as_ref().unwrap().shown(), "from-a-file");
    assert_eq!(
        (portals.list[0].strong_amr[0].as_str(), portals.allows),
        ("otp", Openness { http: true, private: false })
    );
    assert!(!format!("{portals:?}").contains("from-a-file"));
    let said =
        read(&from_file, &[("XIAOQU_PORTAL_SECRET_DISTRICT_1", "from-outside")]).unwrap().portals;
    assert_eq!(said.list[0].client_secret.as_ref().unwrap().shown(), "from-outside");
    Config::may_be_said(["XIAOQU_PORTAL_SECRET_DISTRICT_1".to_owned()].into_iter()).unwrap();
    let twice = format!("{ours}{}{}", table(""), table(""));
    for (wrong, text) in [
        ("plain http", format!("public_url = 'https://books.example'\n{}", table(""))),
        ("nowhere to come back to", format!("portal_allow_http = true\n{}", table(""))),
        ("a name with a slash", format!("{ours}{}", table("").replace("district-1", "a/b"))),
        (
            "a question in the issuer",
            format!(
                "{ours}{}",
                table("").replace(&fake.issuer, &format!("{}/?tenant=1", fake.issuer))
            ),
        ),
        ("one portal twice", twice),
        ("a word nobody reads", format!("{ours}{}", table("scope = 'email'"))),
        ("an empty secret", format!("{ours}{}", table("client_secret = ' '"))),
    ] {
        assert_eq!(read(&text, &[]).unwrap_err().code(), "config.shape", "{wrong}");
    }

    for (allows, state, evidence) in [
        ("true", "ok", "区门户，有应答"),
        ("false", "warn", "区门户：域名指向内网或本机地址，未连接"),
    ] {
        std::fs::write(&path, format!("{ours}portal_allow_private = {allows}\n{}", table("")))
            .unwrap();
        let mut doctor = std::process::Command::new(crate::cli::binary());
        let said = doctor.args(["doctor", "--json", "--config"]).arg(&path).output().unwrap();
        let told: Value = serde_json::from_slice(&said.stdout).unwrap();
        let checks = told["checks"].as_array().unwrap();
        let found = checks.iter().rfind(|check| check["name"] == "登录门户").unwrap();
        assert_eq!((&found["state"], &found["evidence"]), (&json!(state), &json!(evidence)));
    }
}
