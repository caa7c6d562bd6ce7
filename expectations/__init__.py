"""Great Expectations suites and the gate that runs them; the only importer of the library."""
