#include "base/symbol_table.hpp"

#include <cstring>
#include <elf.h>
#include <fstream>
#include <iterator>
#include <map>
#include <string_view>
#include <vector>

namespace tutti::base {
namespace {

/// A struct that lies somewhere in the file; false when it would reach beyond the end.
template <class T>
bool read_at(const std::vector<char>& file, std::uint64_t offset, T& target) {
  if (offset > file.size() || file.size() - offset < sizeof(T)) return false;
  std::memcpy(&target, file.data() + offset, sizeof(T));
  return true;
}

std::string_view text_at(const std::vector<char>& file, std::uint64_t offset) {
  if (offset >= file.size()) return {};
  return {file.data() + offset, strnlen(file.data() + offset, file.size() - offset)};
}

/// Functions and objects of the program by the address that the file gives them, less the address
/// of its first segment.
std::map<std::uint64_t, std::string> read_symbols() {
  std::map<std::uint64_t, std::string> symbols;
  std::ifstream stream("/proc/self/exe", std::ios::binary);
  const std::vector<char> file((std::istreambuf_iterator<char>(stream)),
                               std::istreambuf_iterator<char>());
  Elf64_Ehdr header{};
  if (!read_at(file, 0, header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
      header.e_ident[EI_CLASS] != ELFCLASS64) {
    return symbols;
  }
  for (std::uint64_t section = 0; section < header.e_shnum; ++section) {
    Elf64_Shdr table{};
    Elf64_Shdr names{};
    if (!read_at(file, header.e_shoff + section * header.e_shentsize, table) ||
        table.sh_type != SHT_SYMTAB)
      continue;
    if (!read_at(file, header.e_shoff + std::uint64_t{table.sh_link} * header.e_shentsize, names))
      continue;
    for (std::uint64_t at = 0; at + sizeof(Elf64_Sym) <= table.sh_size; at += sizeof(Elf64_Sym)) {
      Elf64_Sym symbol{};
      if (!read_at(file, table.sh_offset + at, symbol)) break;
      const unsigned type = ELF64_ST_TYPE(symbol.st_info);
      if ((type != STT_FUNC && type != STT_OBJECT) || symbol.st_value == 0) continue;
      symbols.emplace(symbol.st_value, text_at(file, names.sh_offset + symbol.st_name));
    }
  }
  return symbols;
}

}  // namespace

std::string program_symbol(std::uint64_t offset) {
  static const std::map<std::uint64_t, std::string> symbols = read_symbols();
  const auto found = symbols.find(offset);
  return found == symbols.end() ? "" : found->second;
}

}  // namespace tutti::base
