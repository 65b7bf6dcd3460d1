// Part of all programs in sanitizer builds: libraries stay loaded until the end, so that a
// sanitizer can still say, and suppressions can match, which library a leak or a race came from.
// (MPI_Finalize unloads the components of Open MPI.)

extern "C" int dlclose(void*) { return 0; }
