"""A hyperelastic unit cell with a void, under traction (Li et al. 2022, arXiv 2207.05209)."""
