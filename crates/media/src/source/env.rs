//! `${NAME}` in trusted addresses, so that secrets can stay out of site files.

use std::sync::Arc;

use super::{SourceError, SourcePolicy};

/// Gives the value of an environment variable, if it is set.
pub type EnvLookup = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Replaces each `${NAME}`; values are not looked through again.
pub(super) fn expand(text: &str, policy: &SourcePolicy) -> Result<String, SourceError> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, behind) = after.split_once('}').ok_or(SourceError::EnvSyntax)?;
        let named = (1..=128).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !named {
            return Err(SourceError::EnvSyntax);
        }
        let lookup = match &policy.env {
            Some(lookup) if policy.trusted => lookup,
            _ => return Err(SourceError::EnvNotAllowed(name.to_owned())),
        };
        let value = lookup(name).ok_or_else(|| SourceError::EnvMissing(name.to_owned()))?;
        out.push_str(before);
        out.push_str(&value);
        rest = behind;
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_replaced_for_the_trusted_only() {
        let mut policy = SourcePolicy {
            trusted: true,
            env: Some(Arc::new(|name| (name == "A_1").then(|| "x${B}".to_owned()))),
            ..SourcePolicy::default()
        };
        assert_eq!(expand("-${A_1}-${A_1}$", &policy).unwrap(), "-x${B}-x${B}$");
        assert_eq!(expand("${B}", &policy), Err(SourceError::EnvMissing("B".into())));
        assert_eq!(expand("${A_1", &policy), Err(SourceError::EnvSyntax));
        assert_eq!(expand("${}", &policy), Err(SourceError::EnvSyntax));
        policy.trusted = false;
        assert_eq!(expand("${A_1}", &policy), Err(SourceError::EnvNotAllowed("A_1".into())));
        assert_eq!(expand("plain", &policy).unwrap(), "plain");
    }
}
