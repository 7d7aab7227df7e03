"""Pages of the web as documents: fetched only when a person has allowed it, and only from public places."""
