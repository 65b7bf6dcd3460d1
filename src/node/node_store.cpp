#include "node/node_store.hpp"

#include "base/log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <sys/resource.h>
#include <utility>
#include <vector>

namespace tutti::node {
namespace {

constexpr std::size_t page_bytes = 4096;

/// Sizes are rounded up to one of eight steps between powers of two, so that what was used for one
/// value fits the next one of about that size.
std::size_t rounded(std::size_t bytes) {
  std::size_t step = page_bytes;
  while (step * 16 <= bytes) step *= 2;
  return (bytes + step - 1) / step * step;
}

/// Each segment is an open file: most of what the system allows is left to the program.
std::uint32_t segments_max(std::uint32_t slots) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return slots;
  return static_cast<std::uint32_t>(std::min<rlim_t>(slots, limit.rlim_cur / 4));
}

double megabytes(std::uint64_t bytes) { return static_cast<double>(bytes) / 1e6; }

}  // namespace

/// Blocks hold it, so that it ends with the last of them.
struct NodeStore::State {
  /// A segment of this rank.
  struct Own {
    enum class Use : std::uint8_t { empty, here, elsewhere, idle };
    Use use = Use::empty;
    Segment segment;
    std::uint64_t generation = 0;
  };
  /// A segment of another rank.
  struct Mapping {
    Segment segment;
    std::uint64_t generation = 0;
    std::size_t users = 0;  ///< blocks, of which one is being ended when there are two
  };
  using Key = std::pair<std::uint32_t, std::uint32_t>;  // owner, slot

  State(std::unique_ptr<NodeTable> node_table, int rank, NodeLimits given)
      : table(std::move(node_table)),
        local_rank(rank),
        limits(given),
        own(segments_max(table->slots())) {}

  void collect();
  void trim(std::uint64_t idle_bytes_max);
  void retire(std::uint32_t slot);
  std::optional<std::uint32_t> find_idle(std::size_t bytes);
  std::optional<std::uint32_t> make(std::size_t bytes, std::string& problem);
  void say_once(const std::string& problem, std::size_t bytes);
  void end_own(std::uint32_t slot) noexcept;
  void end_mapped(const Place& place, const std::byte* data) noexcept;
  void forget_address(const std::byte* data) noexcept;

  std::unique_ptr<NodeTable> table;
  int local_rank;
  NodeLimits limits;
  mutable std::mutex mutex;
  std::vector<Own> own;  ///< by slot
  std::map<Key, Mapping> mappings;
  std::map<const std::byte*, std::weak_ptr<const Block>> by_address;
  NodeFigures figures;
  std::uint64_t held_bytes = 0;  ///< of all segments of this rank
};

class NodeStore::OwnBlock final : public Block {
 public:
  OwnBlock(std::shared_ptr<State> state, std::byte* data, std::size_t size, Place place)
      : Block(data, size, place), state_(std::move(state)) {}
  ~OwnBlock() override { state_->end_own(place().slot); }

 private:
  std::shared_ptr<State> state_;
};

/// It ends one count of the table.
class NodeStore::MappedBlock final : public Block {
 public:
  MappedBlock(std::shared_ptr<State> state, std::byte* data, std::size_t size, Place place)
      : Block(data, size, place), state_(std::move(state)) {}
  ~MappedBlock() override { state_->end_mapped(place(), data()); }

 private:
  std::shared_ptr<State> state_;
};

// ---- segments of this rank

/// What others have ended with becomes idle.
void NodeStore::State::collect() {
  for (std::uint32_t slot = 0; slot < own.size(); ++slot) {
    Own& each = own[slot];
    if (each.use != Own::Use::elsewhere || table->in_use(local_rank, slot)) continue;
    each.use = Own::Use::idle;
    figures.owned -= each.segment.size();
    figures.idle += each.segment.size();
  }
}

void NodeStore::State::retire(std::uint32_t slot) {
  Own& each = own[slot];
  table->retire(local_rank, slot);
  figures.idle -= each.segment.size();
  held_bytes -= each.segment.size();
  each.segment = Segment();
  each.use = Own::Use::empty;
}

void NodeStore::State::trim(std::uint64_t idle_bytes_max) {
  for (std::uint32_t slot = 0; slot < own.size() && figures.idle > idle_bytes_max; ++slot) {
    if (own[slot].use == Own::Use::idle) retire(slot);
  }
}

/// The smallest that fits and is not far too large.
std::optional<std::uint32_t> NodeStore::State::find_idle(std::size_t bytes) {
  std::optional<std::uint32_t> best;
  for (std::uint32_t slot = 0; slot < own.size(); ++slot) {
    const Own& each = own[slot];
    if (each.use != Own::Use::idle) continue;
    const std::size_t size = each.segment.size();
    if (size < bytes || size / 2 > bytes) continue;
    if (!best || size < own[*best].segment.size()) best = slot;
  }
  return best;
}

std::optional<std::uint32_t> NodeStore::State::make(std::size_t bytes, std::string& problem) {
  if (bytes > limits.owned_bytes_max) {
    problem = fmt::format("the limit of this rank is {:.1f} MB", megabytes(limits.owned_bytes_max));
    return std::nullopt;
  }
  if (held_bytes + bytes > limits.owned_bytes_max) {
    const std::uint64_t excess = held_bytes + bytes - limits.owned_bytes_max;
    trim(figures.idle > excess ? figures.idle - excess : 0);
  }
  if (held_bytes + bytes > limits.owned_bytes_max) {
    problem = fmt::format("{:.1f} MB of the {:.1f} MB of this rank are in use",
                          megabytes(held_bytes), megabytes(limits.owned_bytes_max));
    return std::nullopt;
  }
  const auto free_slot =
      std::ranges::find(own, Own::Use::empty, [](const Own& each) { return each.use; });
  auto slot = static_cast<std::uint32_t>(free_slot - own.begin());
  if (free_slot == own.end()) {
    const auto idle =
        std::ranges::find(own, Own::Use::idle, [](const Own& each) { return each.use; });
    if (idle == own.end()) {
      problem = fmt::format("all {} segments of this rank are in use", own.size());
      return std::nullopt;
    }
    slot = static_cast<std::uint32_t>(idle - own.begin());
    retire(slot);
  }
  // Reserved: the memory is made without the lock.
  own[slot].use = Own::Use::here;
  held_bytes += bytes;
  return slot;
}

void NodeStore::State::say_once(const std::string& problem, std::size_t bytes) {
  if (!table->may_say_once()) return;
  base::log_warning(fmt::format(
      "{:.1f} MB do not fit into the memory that the ranks of this node share: {}; such values are "
      "copied to each rank that uses them instead (said once)",
      megabytes(bytes), problem));
}

/// A block has ended; another one may have taken its place meanwhile.
void NodeStore::State::forget_address(const std::byte* data) noexcept {
  const auto found = by_address.find(data);
  if (found != by_address.end() && found->second.expired()) by_address.erase(found);
}

/// The last user here has ended.
void NodeStore::State::end_own(std::uint32_t slot) noexcept {
  const std::lock_guard lock(mutex);
  Own& each = own[slot];
  forget_address(each.segment.data());
  each.use = Own::Use::elsewhere;
  collect();
  trim(limits.idle_bytes_max);
}

BlockPtr NodeStore::allocate(std::size_t bytes) {
  const std::size_t size = rounded(std::max<std::size_t>(bytes, 1));
  State& state = *state_;
  std::string problem;
  std::unique_lock lock(state.mutex);
  state.collect();
  std::optional<std::uint32_t> slot = state.find_idle(size);
  if (slot) {
    state.figures.idle -= state.own[*slot].segment.size();
    state.own[*slot].use = State::Own::Use::here;
  } else {
    slot = state.make(size, problem);
    if (slot) {
      lock.unlock();
      Segment segment = Segment::create(size, Segment::Use::read_by_others, problem);
      lock.lock();
      State::Own& each = state.own[*slot];
      if (segment) {
        each.segment = std::move(segment);
        each.generation = state.table->publish(state.local_rank, *slot, each.segment.address());
      } else {
        each.use = State::Own::Use::empty;
        state.held_bytes -= size;
        slot.reset();
      }
    }
  }
  if (!slot) {
    lock.unlock();
    state.say_once(problem, bytes);
    return nullptr;
  }
  State::Own& each = state.own[*slot];
  state.figures.owned += each.segment.size();
  const Place place{static_cast<std::uint32_t>(state.local_rank), *slot, each.generation, 0};
  auto block =
      std::make_shared<const OwnBlock>(state_, each.segment.data(), each.segment.size(), place);
  state.by_address[block->data()] = block;
  return block;
}

// ---- segments of other ranks

BlockPtr NodeStore::map(const Place& place, std::string& problem) {
  State& state = *state_;
  const int owner = static_cast<int>(place.owner);
  const Place start{place.owner, place.slot, place.generation, 0};
  const std::lock_guard lock(state.mutex);
  std::byte* data = nullptr;
  std::size_t size = 0;
  if (owner == state.local_rank) {
    // A block of this rank that another one announces back.
    const Segment& segment = state.own.at(place.slot).segment;
    data = segment.data();
    size = segment.size();
  } else {
    State::Mapping& mapping = state.mappings[{place.owner, place.slot}];
    if (!mapping.segment || mapping.generation != place.generation) {
      mapping.segment = Segment();
      mapping.segment = Segment::open(state.table->segment(owner, place.slot),
                                      Segment::Use::read_by_others, problem);
      mapping.generation = place.generation;
    }
    data = mapping.segment.data();
    size = mapping.segment.size();
  }
  BlockPtr block;
  if (data != nullptr) block = state.by_address[data].lock();
  if (data == nullptr || block != nullptr) {
    // What is in use here already is counted already.
    state.table->count_down(owner, place.slot, state.local_rank);
    return block;
  }
  block = std::make_shared<const MappedBlock>(state_, data, size, start);
  state.by_address[data] = block;
  if (owner == state.local_rank) return block;
  State::Mapping& mapping = state.mappings[{place.owner, place.slot}];
  if (mapping.users++ == 0) state.figures.mapped += size;
  return block;
}

void NodeStore::State::end_mapped(const Place& place, const std::byte* data) noexcept {
  const std::lock_guard lock(mutex);
  const int owner = static_cast<int>(place.owner);
  forget_address(data);
  table->count_down(owner, place.slot, local_rank);
  if (owner == local_rank) return;
  Mapping& mapping = mappings.at({place.owner, place.slot});
  if (--mapping.users == 0) figures.mapped -= mapping.segment.size();
}

// ---- both

NodeStore::NodeStore(std::unique_ptr<NodeTable> table, int local_rank, NodeLimits limits)
    : state_(std::make_shared<State>(std::move(table), local_rank, limits)) {}

NodeStore::~NodeStore() = default;

NodeStore::Found NodeStore::find(const void* data, std::size_t bytes) const {
  const auto* const begin = static_cast<const std::byte*>(data);
  BlockPtr block;
  {
    const std::lock_guard lock(state_->mutex);
    auto after = state_->by_address.upper_bound(begin);
    if (after == state_->by_address.begin()) return {};
    block = std::prev(after)->second.lock();
  }
  if (block == nullptr || begin + bytes > block->data() + block->size()) return {};
  Place place = block->place();
  place.offset = static_cast<std::uint64_t>(begin - block->data());
  return {std::move(block), place};
}

void NodeStore::announce(const Block& block, int to_local_rank) {
  const Place place = block.place();
  state_->table->count_up(static_cast<int>(place.owner), place.slot, to_local_rank);
}

void NodeStore::take_back(const Block& block, int from_local_rank) {
  const Place place = block.place();
  state_->table->count_down(static_cast<int>(place.owner), place.slot, from_local_rank);
}

void NodeStore::drop_rank(int local_rank) noexcept { state_->table->drop_user(local_rank); }

void NodeStore::sweep() {
  State& state = *state_;
  const std::lock_guard lock(state.mutex);
  state.collect();
  state.trim(state.limits.idle_bytes_max);
  std::erase_if(state.mappings, [&](const auto& each) {
    const auto& [key, mapping] = each;
    return mapping.users == 0 &&
           state.table->generation(static_cast<int>(key.first), key.second) != mapping.generation;
  });
}

NodeFigures NodeStore::figures() const {
  const std::lock_guard lock(state_->mutex);
  return state_->figures;
}

}  // namespace tutti::node
