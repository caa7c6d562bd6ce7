"""Measurements at full scale against floors and peers; nothing here runs in the tests."""
