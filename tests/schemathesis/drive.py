"""Runs schemathesis with every role's token against the house on loopback, over a scratch database.

Usage: drive.py XIAOQU SCRATCH [CASES [ROLE,…]]. Prints one line a role; exits 1 if any check of any role fails. At the end a control:
against a document that lies about one answer the checks must fail, else they see nothing.
"""

import json
import os
import re
import secrets
import shlex
import socket
import subprocess
import sys
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
ROLES = ["property-company", "owners-committee", "street-office", "housing-authority", "auditor", "owner", "administrator"]
SECONDS_MOST = 3600  # a role


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def until(what, seconds, ask):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = ask()
        if found:
            return found
        time.sleep(0.1)
    raise SystemExit(f"{what} took more than {seconds} s")


def stop(process):
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def sample(xiaoqu, scratch):
    """The demo's compound, with its register, deposits, bills and payments."""
    data = os.path.join(scratch, "demo")
    demo = subprocess.Popen(
        [*xiaoqu, "demo", "--data", data, "--port", str(free_port()), "--json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        json.loads(demo.stdout.readline())
    finally:
        stop(demo)
    return os.path.join(data, "xiaoqu.sqlite")


def ready(url):
    try:
        return urllib.request.urlopen(url + "/readyz", timeout=2).status == 200
    except OSError:
        return False


def lie(url, scratch):
    """The document, with one answer described as what it is not."""
    document = json.load(urllib.request.urlopen(url + "/api/openapi.json", timeout=10))
    document["components"]["schemas"]["CompoundView"]["properties"]["name"]["type"] = "integer"
    path = os.path.join(scratch, "lie.json")
    with open(path, "w", encoding="utf-8") as out:
        json.dump(document, out)
    return path


def run(url, role, token, cases, scratch, document=None):
    report = os.path.join(scratch, f"{'control' if document else role}.txt")
    command = [
        os.path.join(os.path.dirname(sys.executable), "schemathesis"),
        "--config-file", os.path.join(HERE, "schemathesis.toml"),
        "run", *([document, "--url", url, "--include-path", "/api/v1/compounds"] if document else [url + "/api/openapi.json"]),
        "--header", f"Authorization: Bearer {token}",
        "--checks", "all", "--max-examples", str(cases),
        # A debug build undoes an import of hundreds of vouchers here, twice: tried, then done.
        "--max-response-time", "60",
        # With more than one, CPython 3.11 loses count in ast.parse (gh-106905) and hypothesis stumbles over it.
        "--workers", "1",
        "--continue-on-failure", "--seed", "20260105", "--no-color",
    ]
    env = dict(os.environ, SCHEMATHESIS_HOOKS=os.path.join(HERE, "hooks.py"), PYTHONUTF8="1")
    with open(report, "wb") as out:
        status = subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, env=env, cwd=scratch, timeout=SECONDS_MOST).returncode
    text = open(report, encoding="utf-8", errors="replace").read()
    found = re.search(r"(\d+) generated", text)
    many = int(found.group(1)) if found else 0
    if document:
        is_seen = status != 0 and "violates schema" in text
        print(f"{'control':<18} {many:>7} requests  {'fails, as it must' if is_seen else 'SEES NOTHING'}", flush=True)
        return many, is_seen
    failures = re.search(r"found (\d+) unique failures?", text)
    print(f"{role:<18} {many:>7} requests  {'ok' if status == 0 else 'FAILED'} {failures.group(0) if failures else ''}", flush=True)
    if status != 0:
        print(text[text.find("FAILURES") :] if "FAILURES" in text else text[-4000:], flush=True)
    return many, status == 0 and many > 0


def main():
    xiaoqu, scratch = shlex.split(sys.argv[1]), sys.argv[2]
    cases = int(sys.argv[3]) if len(sys.argv) > 3 else 20
    roles = sys.argv[4].split(",") if len(sys.argv) > 4 else ROLES
    database = sample(xiaoqu, scratch)
    port = free_port()
    tokens = {role: secrets.token_hex(16) for role in ROLES}
    env = dict(os.environ, XIAOQU_DB=f"sqlite:{database}", XIAOQU_LISTEN=f"127.0.0.1:{port}", XIAOQU_LOG="error")
    env.update(XIAOQU_CALLER_PER_MINUTE="0", XIAOQU_ADDRESS_PER_MINUTE="0")
    env.update({f"XIAOQU_TOKEN_{role.upper().replace('-', '_')}": token for role, token in tokens.items()})
    log = open(os.path.join(scratch, "serve.log"), "wb")
    house = subprocess.Popen([*xiaoqu, "serve"], env=env, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        until("the house", 30, lambda: ready(url))
        ran = [run(url, role, tokens[role], cases, scratch) for role in roles]
        control = run(url, "auditor", tokens["auditor"], cases, scratch, lie(url, scratch))
    finally:
        stop(house)
    failed = open(os.path.join(scratch, "serve.log"), encoding="utf-8").read()
    print(f"{sum(many for many, _ in ran)} requests in all", flush=True)
    if failed.strip():
        print("the house's log:", failed[-4000:], sep="\n", flush=True)
    sys.exit(0 if all(ok for _, ok in [*ran, control]) and not failed.strip() else 1)


main()
