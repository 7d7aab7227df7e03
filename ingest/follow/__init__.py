"""Folders and sites kept in step with a library, as long as the app runs."""
