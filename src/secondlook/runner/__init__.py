"""One job: settings in, record out."""
