"""Histograms of answers per local day: kept up to date, summed over periods."""
