#include "transport/mpi_requests.hpp"

#include "transport/mpi_session.hpp"

#include <algorithm>

namespace tutti::transport {

namespace {

/// With thousands of requests a poll must stay cheap: it tests so many, the next poll the next
/// ones.
constexpr std::size_t window = 64;

}  // namespace

void RequestSet::add(MPI_Request request, Operation& operation) {
  requests_.push_back(request);
  operations_.push_back(&operation);
}

bool RequestSet::poll() {
  if (requests_.empty()) return false;
  if (next_ >= requests_.size()) next_ = 0;
  const std::size_t first = next_;
  const std::size_t count = std::min(window, requests_.size() - first);
  indices_.resize(window);
  statuses_.resize(window);
  int completed = 0;
  const int code = MPI_Testsome(static_cast<int>(count), requests_.data() + first, &completed,
                                indices_.data(), statuses_.data());
  if (code != MPI_ERR_IN_STATUS) check_mpi(code);
  next_ = first + count;
  if (completed == MPI_UNDEFINED || completed == 0) return false;
  if (code == MPI_ERR_IN_STATUS) {
    for (int i = 0; i < completed; ++i) check_mpi(statuses_[static_cast<std::size_t>(i)].MPI_ERROR);
  }
  take_completed(first, completed);
  // By index, from a copy of the list: an operation may add requests, and one may throw.
  for (const Completion& each : completions_) each.operation->on_complete(each.status);
  return true;
}

void RequestSet::take_completed(std::size_t first, int completed) {
  const auto count = static_cast<std::size_t>(completed);
  completions_.clear();
  for (std::size_t i = 0; i < count; ++i) {
    const auto index = first + static_cast<std::size_t>(indices_[i]);
    completions_.push_back({operations_[index], statuses_[i]});
  }
  // From the back, so that what is moved into a gap is not itself a gap.
  std::sort(indices_.begin(), indices_.begin() + completed, std::greater<>());
  for (std::size_t i = 0; i < count; ++i) {
    const auto index = first + static_cast<std::size_t>(indices_[i]);
    requests_[index] = requests_.back();
    operations_[index] = operations_.back();
    requests_.pop_back();
    operations_.pop_back();
  }
}

}  // namespace tutti::transport
