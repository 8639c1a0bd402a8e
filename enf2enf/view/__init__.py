"""Pictures: matplotlib reports, pyvista scenes. Needs the extras `viz` or `scenes`."""
