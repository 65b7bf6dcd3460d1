#pragma once

/// SlotTable<T>: from TaskIds of single tasks to values, by slot.
///
/// Slots are dense, so a look-up is an index into a page and not a search; tasks that were
/// submitted after each other lie after each other, which the cache likes. (In a hash table with a
/// million results each access missed the cache; with a hash that keeps neighbours together,
/// stretches of several generations met, and each look-up passed hundreds of others.)

#include "tutti/ids.hpp"

#include <tsl/robin_map.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace tutti::worker {

template <class T>
class SlotTable {
 public:
  /// Null when there is nothing under this id.
  T* find(TaskId id) {
    if (Page* page = page_of(id)) {
      Entry& entry = page->entries[place_of(id)];
      if (entry.generation == id.generation()) return &entry.value;
    }
    if (others_.empty()) return nullptr;
    const auto found = others_.find(id);
    return found == others_.end() ? nullptr : &found.value();
  }
  const T* find(TaskId id) const { return const_cast<SlotTable*>(this)->find(id); }
  bool contains(TaskId id) const { return find(id) != nullptr; }

  /// False, and the old value stays, when there is one.
  bool insert(TaskId id, T value) {
    if (contains(id)) return false;
    ++size_;
    Page& page = make_page(id);
    Entry& entry = page.entries[place_of(id)];
    if (entry.generation != 0) {
      // An earlier user of the slot is still here: its release is under way.
      others_.insert({id, std::move(value)});
      return true;
    }
    ++page.used;
    entry.generation = id.generation();
    entry.value = std::move(value);
    return true;
  }
  /// False when there was nothing.
  bool erase(TaskId id) {
    Page* page = page_of(id);
    Entry* entry = page == nullptr ? nullptr : &page->entries[place_of(id)];
    if (entry == nullptr || entry->generation != id.generation()) {
      const bool erased = !others_.empty() && others_.erase(id) != 0;
      size_ -= erased ? 1 : 0;
      return erased;
    }
    entry->generation = 0;
    entry->value = T();
    --size_;
    if (--page->used == 0) free_page(id);
    return true;
  }
  void clear() {
    pages_.clear();
    others_.clear();
    size_ = 0;
  }
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }

  template <class Visit>
  void for_each(Visit visit) const {
    for (std::size_t number = 0; number < pages_.size(); ++number) {
      for (std::size_t place = 0; pages_[number] && place < page_entries; ++place) {
        const Entry& entry = pages_[number]->entries[place];
        if (entry.generation == 0) continue;
        const auto slot = static_cast<std::uint32_t>(number * page_entries + place);
        visit(TaskId::task(slot, entry.generation), entry.value);
      }
    }
    for (const auto& [id, value] : others_) visit(id, value);
  }

 private:
  static constexpr std::size_t page_entries = 64;
  struct Entry {
    std::uint32_t generation = 0;  ///< 0: empty; ids begin with 1
    T value{};
  };
  struct Page {
    std::array<Entry, page_entries> entries;
    std::size_t used = 0;
  };

  static std::size_t place_of(TaskId id) { return id.slot() % page_entries; }
  Page* page_of(TaskId id) {
    const std::size_t number = id.slot() / page_entries;
    return number < pages_.size() ? pages_[number].get() : nullptr;
  }
  Page& make_page(TaskId id) {
    const std::size_t number = id.slot() / page_entries;
    if (number >= pages_.size()) pages_.resize(number + 1);
    std::unique_ptr<Page>& page = pages_[number];
    if (!page) page = spare_ ? std::move(spare_) : std::make_unique<Page>();
    return *page;
  }
  /// One page is kept, so that a task alone in its page does not allocate one each time.
  void free_page(TaskId id) { spare_ = std::move(pages_[id.slot() / page_entries]); }

  std::vector<std::unique_ptr<Page>> pages_;
  std::unique_ptr<Page> spare_;
  tsl::robin_map<TaskId, T> others_;
  std::size_t size_ = 0;
};

}  // namespace tutti::worker
