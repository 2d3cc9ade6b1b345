"""csat: satisfaction surveys from an export file to a trustworthy report."""

__version__ = "0.1.0"
