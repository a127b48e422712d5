"""What lies on disk: run directories, manifests, locks, journals, origins."""
