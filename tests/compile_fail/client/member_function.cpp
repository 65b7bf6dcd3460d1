// A pointer to a member function has no bytes that mean the same elsewhere.
// expect: a pointer to a member function cannot travel to another rank; pass a lambda that calls the function

#include <tutti/tutti.hpp>

#include <string>
#include <vector>

struct Account {
  int amount = 0;
  int sum() const { return amount; }
};
auto call(tutti::Client& client) { return client.submit(&Account::sum, Account{3}); }
