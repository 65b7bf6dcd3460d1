#include "node/table.hpp"

#include "tutti/check.hpp"

#include <algorithm>
#include <sys/random.h>
#include <utility>

namespace tutti::node {
namespace {

constexpr std::size_t line_bytes = 64;

std::size_t rounded(std::size_t bytes) {
  return (bytes + line_bytes - 1) / line_bytes * line_bytes;
}

}  // namespace

struct NodeTable::Header {
  std::uint64_t secret;
  std::uint64_t ranks;
  std::atomic<std::uint32_t> said;
};

/// New memory is zero: generation 0, nobody's. The counters follow.
struct NodeTable::Slot {
  std::atomic<std::uint64_t> generation;
  SegmentAddress address;
};

/// The table stays below 16 MiB however many ranks there are.
std::uint32_t NodeTable::slots_for(int ranks) noexcept {
  const auto number = static_cast<std::uint32_t>(ranks);
  return std::clamp((std::uint32_t{1} << 22) / (number * number), std::uint32_t{16},
                    std::uint32_t{512});
}

std::size_t NodeTable::slot_bytes(int ranks) noexcept {
  return rounded(sizeof(Slot)) + rounded(static_cast<std::size_t>(ranks) * sizeof(std::uint32_t));
}

std::size_t NodeTable::table_bytes(int ranks) noexcept {
  return line_bytes + static_cast<std::size_t>(ranks) * slots_for(ranks) * slot_bytes(ranks);
}

std::unique_ptr<NodeTable> NodeTable::create(int ranks, std::string& problem) {
  auto table = std::unique_ptr<NodeTable>(new NodeTable);
  table->segment_ = Segment::create(table_bytes(ranks), Segment::Use::written_by_others, problem);
  if (!table->segment_) return nullptr;
  table->ranks_ = ranks;
  table->slots_ = slots_for(ranks);
  if (getrandom(&table->secret_, sizeof table->secret_, GRND_NONBLOCK) < 0)
    table->secret_ = reinterpret_cast<std::uintptr_t>(table.get());
  table->header().secret = table->secret_;
  table->header().ranks = static_cast<std::uint64_t>(ranks);
  return table;
}

std::unique_ptr<NodeTable> NodeTable::open(const TableAddress& address, int ranks,
                                           std::string& problem) {
  auto table = std::unique_ptr<NodeTable>(new NodeTable);
  if (address.segment.descriptor >= 0 && address.segment.bytes != table_bytes(ranks)) {
    problem = "the table of the node was made for another number of ranks";
    return nullptr;
  }
  table->segment_ = Segment::open(address.segment, Segment::Use::written_by_others, problem);
  if (!table->segment_) return nullptr;
  table->ranks_ = ranks;
  table->slots_ = slots_for(ranks);
  table->secret_ = address.secret;
  if (table->header().secret != address.secret) {
    problem = "the table of the node is that of another run";
    return nullptr;
  }
  return table;
}

NodeTable::Header& NodeTable::header() const noexcept {
  return *reinterpret_cast<Header*>(segment_.data());
}

NodeTable::Slot& NodeTable::slot(int owner, std::uint32_t number) const noexcept {
  check(owner >= 0 && owner < ranks_ && number < slots_, "a slot of the node's table exists");
  const std::size_t index = static_cast<std::size_t>(owner) * slots_ + number;
  return *reinterpret_cast<Slot*>(segment_.data() + line_bytes + index * slot_bytes(ranks_));
}

std::atomic<std::uint32_t>& NodeTable::uses(int owner, std::uint32_t number,
                                            int user) const noexcept {
  check(user >= 0 && user < ranks_, "who uses a segment is a rank of the node");
  auto* const first = reinterpret_cast<std::atomic<std::uint32_t>*>(
      reinterpret_cast<std::byte*>(&slot(owner, number)) + rounded(sizeof(Slot)));
  return first[user];
}

std::uint64_t NodeTable::publish(int owner, std::uint32_t number,
                                 const SegmentAddress& address) noexcept {
  Slot& place = slot(owner, number);
  place.address = address;
  return place.generation.fetch_add(1, std::memory_order_release) + 1;
}

std::uint64_t NodeTable::retire(int owner, std::uint32_t number) noexcept {
  return publish(owner, number, {});
}

std::uint64_t NodeTable::generation(int owner, std::uint32_t number) const noexcept {
  return slot(owner, number).generation.load(std::memory_order_acquire);
}

SegmentAddress NodeTable::segment(int owner, std::uint32_t number) const noexcept {
  return slot(owner, number).address;
}

void NodeTable::count_up(int owner, std::uint32_t number, int user) noexcept {
  uses(owner, number, user).fetch_add(1, std::memory_order_relaxed);
}

void NodeTable::count_down(int owner, std::uint32_t number, int user) noexcept {
  // Release: what the user read was read before the owner writes there again. Never below zero: the
  // counters of a rank that counts as gone may have been dropped.
  std::atomic<std::uint32_t>& counter = uses(owner, number, user);
  std::uint32_t seen = counter.load(std::memory_order_relaxed);
  while (seen != 0 && !counter.compare_exchange_weak(seen, seen - 1, std::memory_order_release,
                                                     std::memory_order_relaxed)) {
  }
}

bool NodeTable::in_use(int owner, std::uint32_t number) const noexcept {
  for (int user = 0; user < ranks_; ++user) {
    if (uses(owner, number, user).load(std::memory_order_acquire) != 0) return true;
  }
  return false;
}

void NodeTable::drop_user(int user) noexcept {
  for (int owner = 0; owner < ranks_; ++owner) {
    for (std::uint32_t number = 0; number < slots_; ++number)
      uses(owner, number, user).store(0, std::memory_order_release);
  }
}

bool NodeTable::may_say_once() noexcept {
  return header().said.exchange(1, std::memory_order_relaxed) == 0;
}

}  // namespace tutti::node
