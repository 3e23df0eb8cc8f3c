"""Results on the way to another machine: one archive, checked before anything of it is put in place."""
