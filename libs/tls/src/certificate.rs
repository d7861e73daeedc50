//! What a certificate says of itself.

use kernel::Time;
use rustls::pki_types::CertificateDer;
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::time::Time as Moment;

/// How many names are told of a certificate that has many.
const NAMES_MAX: usize = 8;

/// From when to when a certificate is valid; none where it cannot be read.
pub(crate) fn validity(certificate: &CertificateDer<'_>) -> Option<(Time, Time)> {
    let read = Certificate::from_der(certificate).ok()?;
    let validity = read.tbs_certificate.validity;
    Some((time(validity.not_before), time(validity.not_after)))
}

/// The names that it was issued for, as they are told.
pub(crate) fn names(certificate: &CertificateDer<'_>) -> String {
    let names = alternative_names(certificate).unwrap_or_default();
    match names.is_empty() {
        true => "no name".to_owned(),
        false => names.join(", "),
    }
}

fn alternative_names(certificate: &CertificateDer<'_>) -> Option<Vec<String>> {
    let read = Certificate::from_der(certificate).ok()?;
    let (_, names) = read.tbs_certificate.get::<SubjectAltName>().ok()??;
    let dns = names.0.iter().filter_map(|name| match name {
        GeneralName::DnsName(name) | GeneralName::UniformResourceIdentifier(name) => Some(name.as_str().to_owned()),
        _ => None,
    });
    Some(dns.take(NAMES_MAX).collect())
}

fn time(moment: Moment) -> Time {
    let seconds = moment.to_unix_duration().as_secs();
    Time::from_seconds(i64::try_from(seconds).unwrap_or(i64::MAX))
}
