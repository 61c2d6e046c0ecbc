"""The checks of `lou doctor`."""
