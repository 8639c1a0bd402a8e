"""The server as a process: put together, configured, watched and started again."""
