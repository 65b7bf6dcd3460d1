#include "base/value_company.hpp"

#include "tutti/detail/node_memory.hpp"

#include <mutex>
#include <unordered_map>
#include <utility>

namespace tutti::detail {
namespace {

struct Company {
  std::vector<AdoptedBuffer> adopted;
  std::vector<Keeper> keepers;
  Keeper beside;
};

/// Nobody destroys it: values may end after everything else.
struct Registry {
  std::mutex mutex;
  std::unordered_map<const Value*, Company> of_values;
  std::function<NodeMemory(std::size_t)> allocate;
  std::unordered_map<void*, Keeper> given_out;
};
Registry& registry() {
  static auto* const all = new Registry;
  return *all;
}

}  // namespace

void ValueCompany::adopt(Value& value, std::vector<AdoptedBuffer> buffers,
                         std::span<const MutableBuffer> sources, std::vector<Keeper> keepers) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  Company& company = all.of_values[&value];
  company.adopted = std::move(buffers);
  company.keepers = std::move(keepers);
  // Nothing throws from here on, so that no memory of others is ever freed.
  value.has_company_ = true;
  value.forbid_moves();
  for (const AdoptedBuffer& each : company.adopted)
    each.point(each.place, sources[each.number].data, sources[each.number].size);
}

void ValueCompany::keep(const Value& value, Keeper beside) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  std::swap(all.of_values[&value].beside, beside);
  value.has_company_ = true;
}

Keeper ValueCompany::kept(const Value& value) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  const auto found = all.of_values.find(&value);
  return found == all.of_values.end() ? nullptr : found->second.beside;
}

void Value::part_from_company() const noexcept {
  Company company;
  {
    Registry& all = registry();
    const std::lock_guard lock(all.mutex);
    const auto found = all.of_values.find(this);
    company = std::move(found->second);
    all.of_values.erase(found);
  }
  for (const AdoptedBuffer& each : company.adopted) each.point(each.place, nullptr, 0);
}

void set_node_allocator(std::function<NodeMemory(std::size_t)> allocate) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  all.allocate = std::move(allocate);
}

void* allocate_node_memory(std::size_t bytes) noexcept {
  if (bytes < node_bytes_min) return nullptr;
  Registry& all = registry();
  try {
    std::function<NodeMemory(std::size_t)> allocate;
    {
      const std::lock_guard lock(all.mutex);
      allocate = all.allocate;
    }
    if (!allocate) return nullptr;
    NodeMemory memory = allocate(bytes);
    if (memory.data == nullptr) return nullptr;
    const std::lock_guard lock(all.mutex);
    all.given_out.emplace(memory.data, std::move(memory.keeper));
    return memory.data;
  } catch (...) {
    return nullptr;  // the heap will do, or say that there is no memory
  }
}

bool free_node_memory(void* memory) noexcept {
  Keeper keeper;
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  const auto found = all.given_out.find(memory);
  if (found == all.given_out.end()) return false;
  keeper = std::move(found->second);
  all.given_out.erase(found);
  return true;
}

}  // namespace tutti::detail
