use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::certificates::Certificates;
use crate::files::Material;

type Make<C> = dyn Fn(&Material) -> Result<C, rustls::Error> + Send + Sync;

/// What was made last, and of what.
type Last<C> = Option<(Arc<Material>, Arc<C>)>;

/// A configuration of rustls that is made anew when there are newer certificates.
#[derive(Clone)]
pub(crate) struct Made<C> {
    certificates: Certificates,
    make: Arc<Make<C>>,
    last: Arc<Mutex<Last<C>>>,
}

impl<C> Made<C> {
    pub(crate) fn of(
        certificates: &Certificates,
        make: impl Fn(&Material) -> Result<C, rustls::Error> + Send + Sync + 'static,
    ) -> Self {
        Self {
            certificates: certificates.clone(),
            make: Arc::new(make),
            last: Arc::default(),
        }
    }

    pub(crate) fn newest(&self) -> std::io::Result<Arc<C>> {
        let material = self.certificates.newest();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, made)) = &*last
            && Arc::ptr_eq(of, &material)
        {
            return Ok(made.clone());
        }
        let made = Arc::new((self.make)(&material).map_err(std::io::Error::other)?);
        *last = Some((material, made.clone()));
        Ok(made)
    }
}

impl<C> fmt::Debug for Made<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.certificates.fmt(f)
    }
}
