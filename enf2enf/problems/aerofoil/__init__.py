"""Steady turbulent flow around aerofoils: RANS with the k-omega SST model, solved by OpenFOAM on a C-grid."""
