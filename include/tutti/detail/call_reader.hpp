#pragma once

/// CallReader: what a thunk reads its arguments from.

#include "tutti/bytes.hpp"
#include "tutti/check.hpp"
#include "tutti/detail/function_ops.hpp"

#include <atomic>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace tutti::detail {

/// What a call was lent, by flags that say when that is over: as soon as the call has ended.
class Loans {
 public:
  Loans() = default;
  Loans(const Loans&) = delete;
  Loans& operator=(const Loans&) = delete;
  ~Loans() {
    for (const auto& each : over_) each->store(true, std::memory_order_release);
  }
  void add(std::shared_ptr<std::atomic<bool>> over) { over_.push_back(std::move(over)); }

 private:
  std::vector<std::shared_ptr<std::atomic<bool>>> over_;
};

/// Reads the arguments of a call in order.
struct CallReader {
  Reader reader;
  std::span<const InputValue> inputs;
  std::size_t next_input = 0;
  Loans loans = {};

  const InputValue& input() {
    check(next_input < inputs.size(), "a call has all inputs that its arguments name");
    return inputs[next_input++];
  }
};

}  // namespace tutti::detail
