"""Why a beat was named so: maps over its window, three ways, and proofs of what they are worth."""
