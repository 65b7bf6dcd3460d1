#pragma once

/// GangCall: a call of submit(gang(n), f, ...), whose function gets a communicator first. Nothing
/// here needs the headers of MPI.

#include "tutti/detail/closure.hpp"
#include "tutti/detail/parameters.hpp"
#include "tutti/detail/single_call.hpp"
#include "tutti/detail/thunk.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <type_traits>
#include <utility>

namespace boost::mpi {
class communicator;
}

namespace tutti {

/// So many ranks run a task together. Made by gang(), see tutti/gang.hpp.
struct Gang {
  int size = 1;
};

namespace detail {

/// The communicator of the gang that the calling thread runs a member of.
boost::mpi::communicator& gang_communicator();
/// Throws Error (bad_argument) for less than one member.
std::uint32_t gang_size(int size);

/// A function as the members of a gang call it.
template <class F>
struct OnGang {
  F function;

  template <class... Args>
  requires std::invocable<F&, boost::mpi::communicator&, Args...>
  decltype(auto) operator()(Args&&... arguments) {
    return std::invoke(function, gang_communicator(), std::forward<Args>(arguments)...);
  }
};

template <class F>
inline constexpr bool closure_travels<OnGang<F>> = closure_travels<F>;
template <class F>
struct FunctionName<OnGang<F>> : FunctionName<F> {};
/// Its first parameter is no argument of the call.
template <class F>
struct Unbound<OnGang<F>> {
  using Function = typename Unbound<F>::Function;
  static constexpr std::size_t bound = Unbound<F>::bound + 1;
};

template <class F>
class Closure<OnGang<F>> {
 public:
  static void write(Writer& writer, const OnGang<F>& call) {
    Closure<F>::write(writer, call.function);
  }
  explicit Closure(Reader& reader) : function_(reader) {}
  Closure& get() { return *this; }
  template <class... Args>
  decltype(auto) operator()(Args&&... arguments) {
    return std::invoke(function_.get(), gang_communicator(), std::forward<Args>(arguments)...);
  }

 private:
  Closure<F> function_;
};

/// Says, while compiling, what the function of a gang must look like.
template <class F, class... A>
struct GangCall : SingleCall<Stands::as_future, OnGang<F>, A...> {
  using Call = SingleCall<Stands::as_future, OnGang<F>, A...>;
  static constexpr bool takes_communicator =
      std::is_invocable_v<F&, boost::mpi::communicator&, typename Argument<Sent<A>>::Passed...>;
  static constexpr bool is_good = takes_communicator && closure_travels<F>;
  static constexpr void explain() {
    static_assert(
        takes_communicator,
        "the function of a gang takes boost::mpi::communicator& first and then the arguments of "
        "the call, as f(boost::mpi::communicator&, args...); futures stand for their results");
    if constexpr (takes_communicator) Call::explain();
  }
};

}  // namespace detail
}  // namespace tutti
