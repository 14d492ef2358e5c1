//! The figures of a store, from when they have been read on.

use super::{Changed, Figures};
use rusqlite::Connection;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use tokio::sync::watch;

/// Figures that are read while the collector takes batches already.
pub(crate) struct Kept {
    inside: RwLock<Inside>,
    is_read: watch::Sender<bool>,
}

#[derive(Default)]
struct Inside {
    figures: Figures,
    is_read: bool,
    /// What has changed before they were read.
    changed: Changed,
}

impl Default for Kept {
    fn default() -> Self {
        Self { inside: RwLock::default(), is_read: watch::Sender::new(false) }
    }
}

impl Kept {
    fn write(&self) -> RwLockWriteGuard<'_, Inside> {
        self.inside.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads all, by two connections, and then what has changed meanwhile.
    pub(crate) fn load(&self, connection: &Connection, other: &mut Connection) -> rusqlite::Result<()> {
        let mut figures = Figures::load(connection, other)?;
        let mut inside = self.write();
        figures.refresh(connection, &std::mem::take(&mut inside.changed))?;
        (inside.figures, inside.is_read) = (figures, true);
        self.is_read.send_replace(true);
        Ok(())
    }

    /// Reads anew what has changed.
    pub(crate) fn refresh(&self, connection: &Connection, changed: &Changed) -> rusqlite::Result<()> {
        let mut inside = self.write();
        if inside.is_read {
            return inside.figures.refresh(connection, changed);
        }
        inside.changed.extend(changed);
        Ok(())
    }

    /// Waits until they have been read.
    pub(crate) async fn are_read(&self) {
        // It is never closed while somebody waits.
        let _ = self.is_read.subscribe().wait_for(|is_read| *is_read).await;
    }

    /// Looks at them, as of the latest commit.
    pub(crate) fn look(&self) -> Look<'_> {
        Look(self.inside.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A look at the figures: nothing changes while it lasts.
pub(crate) struct Look<'a>(RwLockReadGuard<'a, Inside>);

impl std::ops::Deref for Look<'_> {
    type Target = Figures;

    fn deref(&self) -> &Figures {
        &self.0.figures
    }
}
