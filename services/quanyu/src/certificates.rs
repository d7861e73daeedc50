//! The certificates that a process holds, and how they stand.

use fault::Fault;
use rpc::{Transport, tls_name};
use runtime::Readiness;
use tls::{Acceptor, Certificates, Connector, Files, ServerName, Standing, Trouble};

use crate::config::{Config, Discovery};
use crate::roles::{ROLES, Role};

/// The certificates of a process. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Held {
    /// What clients of the gateway see.
    listener: Option<Certificates>,
    /// What services show each other.
    mesh: Option<Certificates>,
    /// What etcd sees.
    etcd: Option<Certificates>,
}

impl Held {
    /// Of a process that plays one role.
    pub(crate) fn of_role(config: &Config, role: &Role) -> Result<Self, Fault> {
        Ok(Self {
            listener: match role.name == gateway::NAME {
                true => watch("tls", config.listener_files())?,
                false => None,
            },
            mesh: watch("mesh_tls", config.mesh_files(Some(role.name)))?,
            etcd: match config.discovery {
                Discovery::Etcd => watch("etcd", config.etcd_files())?,
                Discovery::Static | Discovery::Dns => None,
            },
        })
    }

    /// Of a process that plays all roles: they need none among themselves.
    pub(crate) fn of_all(config: &Config) -> Result<Self, Fault> {
        Ok(Self {
            listener: watch("tls", config.listener_files())?,
            ..Self::default()
        })
    }

    /// How clients are let in.
    pub(crate) fn of_clients(&self) -> Option<Acceptor> {
        self.listener.as_ref().map(Acceptor::of_anybody)
    }

    /// How the callers of a role are let in: those alone that work with it.
    pub(crate) fn of_callers(&self, role: &Role) -> Result<Option<Acceptor>, Fault> {
        let Some(mesh) = &self.mesh else { return Ok(None) };
        let callers = ROLES.iter().filter(|other| other.peers().any(|peer| peer == role.name));
        let names: Result<Vec<ServerName<'static>>, Fault> = callers.map(|caller| tls_name(caller.name)).collect();
        Ok(Some(Acceptor::of_callers(mesh, names?)))
    }

    /// How peers are called.
    pub(crate) fn transport(&self) -> Transport {
        self.mesh
            .as_ref()
            .map_or(Transport::Plain, |mesh| Transport::Tls(Connector::new(mesh)))
    }

    /// How etcd is called.
    pub(crate) fn of_etcd(&self) -> Option<Connector> {
        self.etcd.as_ref().map(Connector::new)
    }

    /// How each of them stands.
    pub(crate) fn standing(&self) -> Vec<Standing> {
        let all = [&self.listener, &self.mesh, &self.etcd];
        all.into_iter().flatten().map(Certificates::standing).collect()
    }

    /// Has the process say that it is degraded while files are wrong: it goes on with what it read before, for as long as that
    /// lasts.
    pub(crate) fn degrades(&self, readiness: &Readiness) {
        let held = self.clone();
        readiness.degraded_by("certificates", move || held.troubles());
    }

    fn troubles(&self) -> Vec<String> {
        let told = |standing: Standing| {
            let setting = standing.setting;
            let troubles = standing.troubles.into_iter();
            troubles.map(move |trouble| format!("{setting}.{trouble}"))
        };
        self.standing().into_iter().flat_map(told).collect()
    }
}

fn watch(setting: &'static str, files: Option<Files>) -> Result<Option<Certificates>, Fault> {
    let watched = files.map(|files| Certificates::watch(setting, files)).transpose();
    watched.map_err(|troubles| {
        let told: Vec<String> = troubles.iter().map(Trouble::to_string).collect();
        Fault::invalid(setting, told.join("; "))
    })
}
