#include "base/module_table.hpp"

#include "base/symbol_table.hpp"
#include "tutti/detail/type_name.hpp"
#include "tutti/error.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <cxxabi.h>
#include <dlfcn.h>
#include <link.h>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <sys/auxv.h>
#include <unistd.h>
#include <vector>

namespace tutti::base {
namespace {

using detail::FunctionToken;

struct Segment {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
  std::uintptr_t module_base = 0;
  bool executable = false;
  std::uint32_t module = 0;

  bool contains(std::uintptr_t address) const { return address >= begin && address < end; }
};

struct Module {
  std::string name;
  std::uintptr_t base = 0;
  std::uint64_t id = 0;
  std::string build_id;  ///< hexadecimal, empty when the file has none
  std::vector<Segment> segments;
  std::uint64_t memory_bytes = 0;
};

struct Snapshot {
  std::vector<Module> modules;    ///< the program is the first
  std::vector<Segment> segments;  ///< of all modules, by address
  std::uint32_t own = 0;          ///< the module that holds this code
  unsigned long long removals = 0;

  const Segment* find(std::uintptr_t address) const {
    for (const Segment& segment : modules.front().segments) {
      if (segment.contains(address)) return &segment;
    }
    auto after = std::upper_bound(
        segments.begin(), segments.end(), address,
        [](std::uintptr_t value, const Segment& segment) { return value < segment.begin; });
    if (after == segments.begin()) return nullptr;
    --after;
    return after->contains(address) ? &*after : nullptr;
  }
  const Module* find_module(std::uint64_t id) const {
    for (const Module& module : modules) {
      if (module.id == id) return &module;
    }
    return nullptr;
  }
  /// Modules that cannot be unloaded, so that a snapshot is always right about them.
  bool is_permanent(std::uint32_t module) const { return module == 0 || module == own; }
};

std::uint64_t mix(std::uint64_t hash, std::uint64_t word) {
  hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
  return hash ^ (hash >> 29);
}

std::uint64_t hash_of(std::uint64_t hash, std::span<const std::byte> bytes) {
  for (; bytes.size() >= sizeof(std::uint64_t); bytes = bytes.subspan(sizeof(std::uint64_t))) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), sizeof(word));
    hash = mix(hash, word);
  }
  std::uint64_t rest = bytes.size();
  if (!bytes.empty()) std::memcpy(&rest, bytes.data(), bytes.size());
  return mix(hash, rest + (std::uint64_t{bytes.size()} << 60));
}

std::span<const std::byte> memory(std::uintptr_t address, std::size_t size) {
  return {reinterpret_cast<const std::byte*>(address),
          size};  // NOLINT: the loader says that this is mapped
}

/// The description of the note NT_GNU_BUILD_ID in a segment of notes.
std::span<const std::byte> find_build_id(std::span<const std::byte> notes, std::size_t alignment) {
  const auto padded = [alignment](std::size_t size) {
    return (size + alignment - 1) / alignment * alignment;
  };
  while (notes.size() >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) header;
    std::memcpy(&header, notes.data(), sizeof(header));
    const std::size_t name_size = padded(header.n_namesz);
    const std::size_t total = sizeof(header) + name_size + padded(header.n_descsz);
    if (sizeof(header) + name_size + header.n_descsz > notes.size()) break;
    const bool is_gnu =
        header.n_namesz == 4 && std::memcmp(notes.data() + sizeof(header), "GNU", 4) == 0;
    if (is_gnu && header.n_type == NT_GNU_BUILD_ID && header.n_descsz >= sizeof(std::uint64_t)) {
      return notes.subspan(sizeof(header) + name_size, header.n_descsz);
    }
    notes = notes.subspan(std::min(total, notes.size()));
  }
  return {};
}

std::string hexadecimal(std::span<const std::byte> bytes) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : bytes) {
    text += digits[std::to_integer<std::size_t>(byte >> 4)];
    text += digits[std::to_integer<std::size_t>(byte & std::byte{15})];
  }
  return text;
}

std::string hexadecimal(std::uint64_t number) {
  std::array<std::byte, sizeof(number)> bytes{};
  std::memcpy(bytes.data(), &number, sizeof(number));
  std::reverse(bytes.begin(), bytes.end());
  const std::string text = hexadecimal(bytes);
  return "0x" + text.substr(std::min(text.find_first_not_of('0'), text.size() - 1));
}

std::string program_path() {
  std::array<char, 4096> path{};
  const ssize_t size = readlink("/proc/self/exe", path.data(), path.size());
  return size > 0 ? std::string(path.data(), static_cast<std::size_t>(size))
                  : std::string("the program");
}

void identify(Module& module, const dl_phdr_info& info) {
  const std::span<const ElfW(Phdr)> headers(info.dlpi_phdr, info.dlpi_phnum);
  for (const ElfW(Phdr) & header : headers) {
    if (header.p_type != PT_NOTE) continue;
    const std::uintptr_t begin = module.base + header.p_vaddr;
    const bool is_loaded =
        std::any_of(module.segments.begin(), module.segments.end(), [&](const Segment& segment) {
          return segment.contains(begin) && header.p_memsz <= segment.end - begin;
        });
    if (!is_loaded) continue;
    const auto notes = memory(begin, header.p_memsz);
    const auto id = find_build_id(notes, header.p_align == 8 ? 8 : 4);
    if (id.empty()) continue;
    std::memcpy(&module.id, id.data(), sizeof(module.id));
    module.build_id = hexadecimal(id);
    return;
  }
  // No build id: what the code is decides. Code that may be executed but not read is known by its
  // sizes alone.
  module.id = mix(0, module.memory_bytes);
  for (const ElfW(Phdr) & header : headers) {
    if (header.p_type != PT_LOAD || (header.p_flags & PF_X) == 0 || (header.p_flags & PF_R) == 0)
      continue;
    module.id = hash_of(module.id, memory(module.base + header.p_vaddr, header.p_filesz));
  }
}

int add_module(dl_phdr_info* info, std::size_t /*size*/, void* data) {
  auto& snapshot = *static_cast<Snapshot*>(data);
  snapshot.removals = info->dlpi_subs;
  Module module;
  module.base = info->dlpi_addr;
  module.name = snapshot.modules.empty() ? program_path() : info->dlpi_name;
  for (const ElfW(Phdr) & header : std::span<const ElfW(Phdr)>(info->dlpi_phdr, info->dlpi_phnum)) {
    if (header.p_type != PT_LOAD || header.p_memsz == 0) continue;
    Segment segment;
    segment.begin = module.base + header.p_vaddr;
    segment.end = segment.begin + header.p_memsz;
    segment.module_base = module.base;
    segment.executable = (header.p_flags & PF_X) != 0;
    segment.module = static_cast<std::uint32_t>(snapshot.modules.size());
    module.segments.push_back(segment);
    module.memory_bytes += header.p_memsz;
  }
  if (module.segments.empty()) return 0;
  identify(module, *info);
  // Most addresses that are asked for are functions.
  std::stable_sort(module.segments.begin(), module.segments.end(),
                   [](const Segment& left, const Segment& right) {
                     return left.executable && !right.executable;
                   });
  snapshot.segments.insert(snapshot.segments.end(), module.segments.begin(), module.segments.end());
  snapshot.modules.push_back(std::move(module));
  return 0;
}

std::unique_ptr<Snapshot> take_snapshot() {
  auto snapshot = std::make_unique<Snapshot>();
  dl_iterate_phdr(add_module, snapshot.get());
  std::sort(snapshot->segments.begin(), snapshot->segments.end(),
            [](const Segment& left, const Segment& right) { return left.begin < right.begin; });
  const Segment* own = snapshot->find(reinterpret_cast<std::uintptr_t>(&take_snapshot));
  if (own != nullptr) snapshot->own = own->module;
  return snapshot;
}

std::atomic<const Snapshot*> current_snapshot{nullptr};

const Snapshot& make_snapshot() {
  static std::mutex mutex;
  // Readers hold no lock, so old snapshots live on. There is one more only when a library was
  // loaded or unloaded.
  static auto* const all = new std::vector<std::unique_ptr<const Snapshot>>;
  const std::lock_guard<std::mutex> lock(mutex);
  all->push_back(take_snapshot());
  current_snapshot.store(all->back().get(), std::memory_order_release);
  return *all->back();
}

const Snapshot& snapshot_now() {
  const Snapshot* snapshot = current_snapshot.load(std::memory_order_acquire);
  return snapshot != nullptr ? *snapshot : make_snapshot();
}

int note_removals(dl_phdr_info* info, std::size_t /*size*/, void* data) {
  *static_cast<unsigned long long*>(data) = info->dlpi_subs;
  return 1;
}

/// A library may have been unloaded and another one may lie at its address.
bool is_out_of_date(const Snapshot& snapshot) {
  unsigned long long removals = 0;
  dl_iterate_phdr(note_removals, &removals);
  return removals != snapshot.removals;
}

struct Located {
  const Snapshot* snapshot = nullptr;
  const Segment* segment = nullptr;  ///< null when no module holds the address
  const Module& module() const { return snapshot->modules[segment->module]; }
};

Located locate(const void* address) {
  const auto number = reinterpret_cast<std::uintptr_t>(address);
  const Snapshot* snapshot = &snapshot_now();
  const Segment* segment = snapshot->find(number);
  if (segment != nullptr &&
      (snapshot->is_permanent(segment->module) || !is_out_of_date(*snapshot))) {
    return {snapshot, segment};
  }
  snapshot = &make_snapshot();
  return {snapshot, snapshot->find(number)};
}

std::string file_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

[[noreturn]] void module_is_missing(FunctionToken token, std::string_view module_name,
                                    const Snapshot& snapshot) {
  std::string sentence = "a function at offset " + hexadecimal(token.offset) + " of ";
  const std::string name = file_name(module_name);
  sentence.append(name.empty() ? "a shared library" : "the library " + name);
  sentence.append(" (build id " + hexadecimal(token.module) + "...) was sent to this rank, ");
  const auto same_name = std::find_if(
      snapshot.modules.begin(), snapshot.modules.end(),
      [&](const Module& module) { return !name.empty() && file_name(module.name) == name; });
  if (same_name != snapshot.modules.end()) {
    sentence.append("but here " + same_name->name + " is another build (" +
                    hexadecimal(same_name->id) + "...): install the same file on all nodes");
  } else {
    sentence.append(
        "but it is not loaded here: link the program with it, or load it with dlopen on every "
        "rank, for example by "
        "client.run, before its functions are submitted");
  }
  throw Error(ErrorCode::different_binary, sentence);
}

const Segment& find_target(FunctionToken token, std::string_view module_name) {
  const Snapshot* snapshot = &snapshot_now();
  const Module* module = snapshot->find_module(token.module);
  const bool certain = module != nullptr && snapshot->is_permanent(module->segments.front().module);
  if (!certain && (module == nullptr || is_out_of_date(*snapshot))) {
    snapshot = &make_snapshot();
    module = snapshot->find_module(token.module);
  }
  if (module == nullptr) module_is_missing(token, module_name, *snapshot);
  for (const Segment& segment : module->segments) {
    if (segment.contains(segment.module_base + token.offset)) return segment;
  }
  throw Error(ErrorCode::corrupt_data, "the offset " + hexadecimal(token.offset) +
                                           " lies outside of " + module->name +
                                           ", so what was received is no function or object of it");
}

const void* pointer_to(const Segment& segment, FunctionToken token) {
  return reinterpret_cast<const void*>(segment.module_base +
                                       token.offset);  // NOLINT: checked to lie in a loaded segment
}

std::string line_of(std::string_view what, const Module& module) {
  std::string line(what);
  line.append(": ").append(module.name);
  line.append(module.build_id.empty() ? ", hash of its code " + hexadecimal(module.id)
                                      : ", build id " + module.build_id);
  return line.append(", ").append(std::to_string(module.memory_bytes)).append(" bytes in memory");
}

}  // namespace

const void* address_of(FunctionToken token, std::string_view module_name) {
  return pointer_to(find_target(token, module_name), token);
}

std::string module_name(const void* address) {
  const Located located = locate(address);
  return located.segment == nullptr ? std::string() : file_name(located.module().name);
}

std::vector<std::uint64_t> own_modules() {
  const Snapshot& snapshot = snapshot_now();
  std::vector<std::uint64_t> ids{snapshot.modules.front().id};
  if (snapshot.own != 0) ids.push_back(snapshot.modules[snapshot.own].id);
  return ids;
}

std::uint64_t program_identity() {
  const Snapshot& snapshot = snapshot_now();
  std::uint64_t hash = hash_of(1, std::as_bytes(std::span(std::string_view(__VERSION__))));
  for (const std::uint32_t index : {std::uint32_t{0}, snapshot.own}) {
    const Module& module = snapshot.modules[index];
    hash = hash_of(hash, std::as_bytes(std::span(module.build_id)));
    hash = mix(mix(hash, module.id), module.memory_bytes);
  }
  return hash;
}

std::string module_summary() {
  const Snapshot& snapshot = snapshot_now();
  std::string text = line_of("program", snapshot.modules.front());
  if (snapshot.own != 0)
    text.append("\n").append(line_of("libtutti", snapshot.modules[snapshot.own]));
  return text.append("\ncompiler: ").append(__VERSION__);
}

}  // namespace tutti::base

namespace tutti::detail {

FunctionToken token_of(const void* address) {
  if (address == nullptr) return {};
  const base::Located located = base::locate(address);
  if (located.segment == nullptr) {
    throw Error(ErrorCode::cannot_travel,
                "the address " + base::hexadecimal(reinterpret_cast<std::uintptr_t>(address)) +
                    " belongs to no loaded program or library, so no other rank has what it points "
                    "to; it may be "
                    "code made at run time, or data on the stack or heap");
  }
  const base::Module& module = located.module();
  return {module.id, reinterpret_cast<std::uintptr_t>(address) - module.base};
}

const void* address_of(FunctionToken token) {
  if (token == FunctionToken{}) return nullptr;
  return base::pointer_to(base::find_target(token, {}), token);
}

const void* function_address_of(FunctionToken token) {
  if (token == FunctionToken{}) return nullptr;
  const base::Segment& segment = base::find_target(token, {});
  if (!segment.executable) {
    throw Error(ErrorCode::corrupt_data,
                "the offset " + base::hexadecimal(token.offset) +
                    " lies in data and not in code, so what was received is no function");
  }
  return base::pointer_to(segment, token);
}

void write_function_pointer(Writer& writer, const void* function) {
  writer.value(token_of(function));
}

const void* read_function_pointer(Reader& reader) {
  return function_address_of(reader.value<FunctionToken>());
}

std::string symbol_name(const void* address) {
  Dl_info info{};
  if (address == nullptr || dladdr(address, &info) == 0) return {};
  if (info.dli_sname != nullptr && info.dli_saddr == address) return demangle(info.dli_sname);
  // A function that is not exported: the program's file may know it. (Other modules export what
  // others call.)
  Dl_info program{};
  if (dladdr(reinterpret_cast<const void*>(getauxval(AT_ENTRY)), &program) == 0 ||
      program.dli_fbase != info.dli_fbase)
    return {};
  const auto absolute = reinterpret_cast<std::uint64_t>(address);
  std::string name =
      base::program_symbol(absolute - reinterpret_cast<std::uint64_t>(info.dli_fbase));
  if (name.empty()) name = base::program_symbol(absolute);
  return name.empty() ? name : demangle(name.c_str());
}

}  // namespace tutti::detail
