"""Renders the umbrella chart and judges what comes out, without a cluster."""
