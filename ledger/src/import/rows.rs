//! The tables of imports.

use std::collections::HashSet;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Kind, Meta, NO_IMPORT};
use crate::books::sheaf::{Kind as Column, Table};
use crate::books::{Reads, Tx, View};
use crate::calendar::Instant;
use crate::error::{Result, Storage};
use crate::id::{ActNo, CompoundId, ImportNo};
use crate::seal::Ring;

static IMPORT: Table = Table {
    name: "import",
    rank: 2,
    columns: &[
        ("compound_id", Column::Int),
        ("import_no", Column::Int),
        ("kind", Column::Text),
        ("file_name", Column::Text),
        ("file_hash", Column::Text),
        ("row_count", Column::Int),
        ("recorded_at", Column::Big),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

static IMPORT_ROW: Table = Table {
    name: "import_row",
    rank: 9,
    columns: &[
        ("compound_id", Column::Int),
        ("kind", Column::Text),
        ("row_key", Column::Text),
        ("import_no", Column::Int),
        ("subject_no", Column::Int),
    ],
    on_conflict: "",
};

const IMPORTS: Reads = Reads(&[&IMPORT, &IMPORT_ROW]);

/// Keeps the import itself.
pub(super) fn keep(tx: &mut Tx, no: ImportNo, kind: Kind, meta: &Meta, rows: usize) {
    let rows = i32::try_from(rows).unwrap_or(i32::MAX);
    let row = [
        tx.compound().0.into(),
        no.0.into(),
        kind.name().into(),
        (&meta.file).into(),
        (&meta.sha256).into(),
        rows.into(),
        tx.at().seconds().into(),
        tx.act().0.into(),
    ];
    tx.put(&IMPORT, &row);
}

/// Keeps a row, and the number of what it became.
///
/// # Errors
/// `seal.key-missing`, `seal.key-differs`.
pub(super) fn keep_row(
    tx: &mut Tx,
    no: ImportNo,
    kind: Kind,
    row_key: &str,
    subject: i32,
) -> Result<()> {
    let key = digest(tx.ring(), row_key)?;
    let row =
        [tx.compound().0.into(), kind.name().into(), (&key).into(), no.0.into(), subject.into()];
    tx.put(&IMPORT_ROW, &row);
    Ok(())
}

/// A row's key as it is kept. It is made of everything the row says, identity numbers and accounts included, and who has
/// the database could try numbers against a plain hash.
fn digest(ring: &Ring, row_key: &str) -> Result<String> {
    let digest = ring.digest(row_key.as_bytes())?;
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The rows the books have.
pub(super) struct Known {
    keys: HashSet<String>,
    ring: Arc<Ring>,
}

impl Known {
    /// None yet.
    pub(super) fn none(view: &impl View) -> Known {
        Known { keys: HashSet::new(), ring: view.ring().clone() }
    }

    /// Whether the row with this key is there.
    pub(super) fn has(&self, row_key: &str) -> Result<bool> {
        Ok(!self.keys.is_empty() && self.keys.contains(&digest(&self.ring, row_key)?))
    }
}

/// The keys of the rows the books have.
pub(super) async fn known(view: &mut impl View, compound: CompoundId, kind: Kind) -> Result<Known> {
    let sql = "SELECT row_key FROM import_row WHERE compound_id = $1 AND kind = $2";
    let mut keys = HashSet::new();
    for row in view.rows(IMPORTS, sql, vec![compound.0.into(), kind.name().into()]).await? {
        keys.insert(row.try_get_by_index(0)?);
    }
    Ok(Known { keys, ring: view.ring().clone() })
}

/// An import's kind, and the act that undid it.
pub(super) async fn import(tx: &mut Tx, no: ImportNo) -> Result<(Kind, Option<ActNo>)> {
    let sql = "SELECT kind, undone_by_act FROM import WHERE compound_id = $1 AND import_no = $2";
    let found = tx.rows(IMPORTS, sql, vec![tx.compound().0.into(), no.0.into()]).await?;
    let Some(row) = found.first() else {
        return Err(NO_IMPORT.refuse(format!("导入编号 {no}")).into());
    };
    let name: String = row.try_get_by_index(0)?;
    let bug = || Storage::Bug(format!("the import {no} is of the unknown kind {name:?}"));
    let kind = Kind::named(&name).ok_or_else(bug)?;
    Ok((kind, row.try_get_by_index::<Option<i32>>(1)?.map(ActNo)))
}

/// What the rows of an import became, in the order they were taken.
pub(super) async fn subjects(tx: &mut Tx, no: ImportNo) -> Result<Vec<i32>> {
    let sql = "SELECT subject_no FROM import_row WHERE compound_id = $1 AND import_no = $2
               ORDER BY subject_no, row_key";
    let mut subjects = Vec::new();
    for row in tx.rows(IMPORTS, sql, vec![tx.compound().0.into(), no.0.into()]).await? {
        subjects.push(row.try_get_by_index(0)?);
    }
    Ok(subjects)
}

/// The import is undone: its rows may come again.
pub(super) async fn mark_undone(tx: &mut Tx, no: ImportNo) -> Result<()> {
    let (compound, act) = (tx.compound().0, tx.act().0);
    let sql = "DELETE FROM import_row WHERE compound_id = $1 AND import_no = $2";
    tx.exec(sql, vec![compound.into(), no.0.into()]).await?;
    let sql = "UPDATE import SET undone_by_act = $3 WHERE compound_id = $1 AND import_no = $2";
    tx.exec(sql, vec![compound.into(), no.0.into(), act.into()]).await?;
    Ok(())
}

/// An import in a list.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(description = "一次导入")]
pub struct Imported {
    /// Its number.
    #[schemars(description = "导入编号", example = 1)]
    pub import_no: ImportNo,
    /// What kind of file.
    #[schemars(description = "文件种类", example = &"deposits")]
    pub kind: String,
    /// The file's name.
    #[schemars(description = "文件名", example = &"交存.csv")]
    pub file_name: String,
    /// The file's SHA-256.
    #[schemars(
        description = "文件的 SHA-256",
        example = &"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )]
    pub file_hash: String,
    /// How many rows were taken.
    #[schemars(description = "导入行数", example = 12)]
    pub row_count: i32,
    /// When.
    #[schemars(description = "记账时刻")]
    pub recorded_at: Instant,
    /// Whether it was undone.
    #[schemars(description = "是否已撤销", example = false)]
    pub is_undone: bool,
}

/// The imports of a compound, the latest first.
///
/// # Errors
/// Storage.
pub async fn imports(view: &mut impl View, compound: CompoundId) -> Result<Vec<Imported>> {
    let sql = "SELECT import_no, kind, file_name, file_hash, row_count, recorded_at, undone_by_act
               FROM import WHERE compound_id = $1 ORDER BY import_no DESC";
    let mut imports = Vec::new();
    for row in view.rows(IMPORTS, sql, vec![compound.0.into()]).await? {
        imports.push(Imported {
            import_no: ImportNo(row.try_get_by_index(0)?),
            kind: row.try_get_by_index(1)?,
            file_name: row.try_get_by_index(2)?,
            file_hash: row.try_get_by_index(3)?,
            row_count: row.try_get_by_index(4)?,
            recorded_at: Instant::from_seconds(row.try_get_by_index(5)?),
            is_undone: row.try_get_by_index::<Option<i32>>(6)?.is_some(),
        });
    }
    Ok(imports)
}
