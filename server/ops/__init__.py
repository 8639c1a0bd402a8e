"""What all rooms use and operators see: settings, refusals, calls, logs, metrics and spans. Below all other rooms."""
