"""The site: these pages as they are read in the repository, and the docstrings of what is public."""

from importlib import metadata

project, author = "enf2enf", "enf2enf"
version = release = metadata.version("enf2enf")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_heading_anchors = 3  # levels of headings that may be linked to
default_role = "code"  # what single backticks mean in docstrings
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # signatures in full are for editors; docstrings say what types cannot

html_theme = "alabaster"
html_theme_options = {"page_width": "1100px", "body_max_width": "none", "description": "Surrogates of steady PDEs"}
html_show_copyright = False
html_copy_source = html_show_sourcelink = False
