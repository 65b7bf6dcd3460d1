#include <tutti/tutti.hpp>
#include <thread>
#include <iostream>
#include <atomic>
#include <random>
#include <set>
// all data calls at once from several client threads; OPS selects which threads
static std::vector<double> make(std::size_t n,double s){ std::vector<double> v(n); for(std::size_t i=0;i<n;++i) v[i]=s+double(i); return v; }
static bool same(const std::vector<double>&v,std::size_t n,double s){ if(v.size()!=n) return false; for(std::size_t i=0;i<n;++i) if(v[i]!=s+double(i)) return false; return true; }
int main(int argc,char**argv){
  return tutti::run(argc,argv,[](tutti::Client& client){
    std::string ops = std::getenv("OPS")?std::getenv("OPS"):"sbgrRmiG";
    double secs = std::getenv("S")?std::stod(std::getenv("S")):5;
    unsigned seed = std::getenv("SEED")?std::stoul(std::getenv("SEED")):std::random_device{}();
    std::size_t maxn = std::getenv("MAXN")?std::stoul(std::getenv("MAXN")):600000;
    std::atomic<long> bad{0}; std::atomic<long> count[256]={};
    std::mutex m; std::map<std::string,int> errors;
    auto start=std::chrono::steady_clock::now();
    auto going=[&]{ return std::chrono::duration<double>(std::chrono::steady_clock::now()-start).count()<secs; };
    std::vector<std::thread> ts;
    int k=0;
    auto shared = client.map([](int i){ return i*7; }, tutti::range(500)); tutti::wait(shared);
    auto sharedbig = client.map([](int i){ std::array<double,512> a; a.fill(i); return a; }, tutti::range(200)); tutti::wait(sharedbig);
    for(char op:ops){ int id=k++; ts.emplace_back([&,op,id]{
      std::mt19937 g(seed+id);
      static const std::size_t sizes[]={0,1,2,3,127,128,129,511,512,513,1024,8191,8192,8193,131071,131072,131073,524287,524288,524289};
      auto size=[&]{ std::size_t n= sizes[g()%20]; return std::min(n,maxn); };
      while(going()) {
        try{
        double s = g()%1000; std::size_t n=size();
        ++count[(unsigned char)op];
        switch(op){
          case 's': { auto v=make(n,s); auto f=client.scatter(v); if(g()%3==0) break; auto r=client.gather(f); if(!same(r,n,s)) {++bad; std::cerr<<"bad s n="<<n<<"\n";} break; }
          case 'h': { auto v=make(n,s); auto f=client.scatter({.hash=false},v); auto q=client.map([](double x){return x+1;},f); if(g()%3==0) break; auto r=client.gather(q); if(!same(r,n,s+1)) {++bad; std::cerr<<"bad h n="<<n<<"\n";} break; }
          case 'w': { auto v=make(n,s); auto f=client.scatter(tutti::constant(v)); auto q=client.submit([](const std::vector<double>&x){return x;},f); if(g()%3==0) break; if(!same(q.result(),n,s)) {++bad; std::cerr<<"bad w n="<<n<<"\n";} break; }
          case 'b': { auto v=make(n,s); auto f=client.broadcast(v); if(g()%3==0) break; auto q=client.submit([](const std::vector<double>&x){ double t=0; for(double y:x)t+=y; return t;},f); double e=0; for(double y:v)e+=y; if(q.result()!=e){++bad; std::cerr<<"bad b\n";} break; }
          case 'g': { auto f=client.map([s](int i){return s+i;}, tutti::range(int(n%3000))); auto r=client.gather(f); if(!same(r,n%3000,s)){++bad; std::cerr<<"bad g\n";} break; }
          case 'G': { auto r=client.gather(shared); for(int i=0;i<500;++i) if(r[i]!=i*7){++bad; std::cerr<<"bad G\n"; break;} break; }
          case 'H': { auto r=client.gather(sharedbig); for(int i=0;i<200;++i) if(r[i][100]!=i){++bad; std::cerr<<"bad H\n"; break;} break; }
          case 'r': client.rebalance(); break;
          case 'R': { if(g()%2) client.replicate({.n=2}, shared); else client.replicate({.n=1+g()%2}, sharedbig); break; }
          case 'P': { auto v=make(n,s); auto f=client.scatter({.hash=false},v); client.replicate({.n=2},f); auto r=client.gather(f); if(!same(r,n,s)){++bad; std::cerr<<"bad P\n";} break; }
          case 'm': { std::map<int,std::vector<double>> mm; for(int i=0;i<5;++i) mm[i]=make(n/5+i,s+i); auto f=client.scatter(mm); if(g()%3==0) break; auto r=client.gather(f); for(int i=0;i<5;++i) if(!same(r.at(i),n/5+i,s+i)){++bad; std::cerr<<"bad m\n";} break; }
          case 'i': { std::vector<double> out(n); auto v=make(n,s); auto f=client.scatter(v); client.gather_into(out,f); if(!same(out,n,s)){++bad; std::cerr<<"bad i n="<<n<<"\n";} break; }
          case 't': { std::vector<tutti::Future<std::vector<double>>> fs; for(int i=0;i<8;++i) fs.push_back(client.submit([](std::size_t n,double s){return make(n,s);},n,s+i)); if(g()%3==0) break; auto q=client.submit([](const std::vector<std::vector<double>>&x){ return x.back();},fs); if(g()%2) fs.clear(); if(!same(q.result(),n,s+7)){++bad; std::cerr<<"bad t\n";} break; }
          case 'W': { client.who_has(shared); client.has_what(); client.nbytes(); client.memory(); break; }
          case 'u': { auto r=client.run([](const std::vector<double>&x){ return x.size();}, make(n,s)); for(auto x:r) if(x!=n){++bad; std::cerr<<"bad u\n";} break; }
          case 'o': { std::vector<std::string> v; for(std::size_t i=0;i<n%2000;++i) v.push_back(std::string(i%97,'a'+i%26)); auto f=client.scatter(v); auto r=client.gather(f); if(r!=v){++bad; std::cerr<<"bad o\n";} break; }
        }
        }catch(const std::exception&e){ std::lock_guard l(m); if(errors[std::string(1,op)+": "+e.what()]++==0) {} }
      }
    }); }
    for(auto&t:ts)t.join();
    for(int i=0;i<256;++i) if(count[i]) std::cout<<(char)i<<"="<<count[i]<<" "; std::cout<<" seed "<<seed<<"\n";
    int shown=0; for(auto&[e,c]:errors) if(shown++<12) std::cout<<c<<" x "<<e<<"\n";
    std::cout<<"bad "<<bad<<" errors "<<errors.size()<<"\n";
    return bad?3:errors.empty()?0:4;
  });
}
