"""Reads meshes in processes of their own, which a file may crash, stop or fill without harm to the server."""
