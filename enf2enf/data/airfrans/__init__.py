"""The public data set AirfRANS (Bonnet et al. 2022, arXiv 2212.07564) as a data-set folder."""
