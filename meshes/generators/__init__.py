"""Scripts that rebuild the meshes: `python -m enf2enf_meshes.generators`."""
