"""The land register of the City: parcels, rights in them, certificates, planning facts."""
