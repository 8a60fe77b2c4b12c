"""Which institutions, systems, components and credentials are in our care?"""
