"""The sets of a store, read and compared with what their manifests say."""
