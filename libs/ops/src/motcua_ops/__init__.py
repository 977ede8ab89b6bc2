"""The command `motcua`: what operators need besides the charts."""
