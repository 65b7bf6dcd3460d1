#pragma once

/// All of tutti that most programs need. Beside it: tutti/mpi.hpp (programs that initialise MPI),
/// tutti/gang.hpp (tasks that several ranks run together),
/// tutti/boost.hpp (types with a serialize function), tutti/hdf5.hpp.

#include "tutti/actor.hpp"
#include "tutti/after.hpp"
#include "tutti/as_completed.hpp"
#include "tutti/client.hpp"
#include "tutti/compute.hpp"
#include "tutti/delayed.hpp"
#include "tutti/delayed_operators.hpp"
#include "tutti/error.hpp"
#include "tutti/function.hpp"
#include "tutti/future.hpp"
#include "tutti/graph.hpp"
#include "tutti/options.hpp"
#include "tutti/progress.hpp"
#include "tutti/queue.hpp"
#include "tutti/run.hpp"
#include "tutti/serialize.hpp"
#include "tutti/sync.hpp"
#include "tutti/worker.hpp"
