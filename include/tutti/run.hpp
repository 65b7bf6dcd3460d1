#pragma once

/// run(): the start and end of a program that uses tutti.

#include "tutti/client.hpp"
#include "tutti/options.hpp"

#include <concepts>
#include <functional>
#include <type_traits>
#include <utility>

namespace tutti {

namespace detail {
int run_program(int argc, char** argv, const Options& options,
                const std::function<int(Client&)>& main);

template <class Main>
std::function<int(Client&)> as_main(Main&& main) {
  return [&main](Client& client) -> int {
    if constexpr (std::is_void_v<std::invoke_result_t<Main&, Client&>>) {
      main(client);
      return 0;
    } else {
      return static_cast<int>(main(client));
    }
  };
}
}  // namespace detail

/// Runs a program: on rank 0 `main(client)`, on all other ranks a worker, until main returns.
/// Returns the exit code of the process: what main returned (0 for void), 1 when main threw or when
/// a task failed and nobody asked for its result. Started without an MPI launcher it is one process
/// with worker threads. Options: environment variables TUTTI_* override `options`.
template <std::invocable<Client&> Main>
int run(int argc, char** argv, Main&& main, const Options& options = {}) {
  return detail::run_program(argc, argv, options, detail::as_main(main));
}
template <std::invocable<Client&> Main>
int run(int argc, char** argv, const Options& options, Main&& main) {
  return detail::run_program(argc, argv, options, detail::as_main(main));
}

/// For a main that cannot be wrapped: `if (!tutti::setup(argc, argv)) return 0;`. True on rank 0,
/// which goes on and uses tutti::client(); other ranks serve inside and return false when the run
/// is over. The run ends with client().shutdown() or with the process.
bool setup(int argc, char** argv, const Options& options = {});

}  // namespace tutti
