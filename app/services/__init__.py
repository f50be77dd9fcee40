"""Use cases: each public function is one act of one person in one transaction."""
