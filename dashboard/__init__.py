"""The wall 挂图作战: a page for leaders over the published warehouse, on loopback or as a folder on disk."""
