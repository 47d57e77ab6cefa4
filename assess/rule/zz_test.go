package rule_test
import ("testing";"fmt";"math/rand";"unsafe"
 "github.com/plumbline/plumbline/assess/rule"
 "github.com/plumbline/plumbline/assess/rule/ruletest"
)
func TestZZ(t *testing.T){
 r:=rand.New(rand.NewSource(1))
 c:=ruletest.Checklist()
 env,is:=rule.NewEnv(c)
 if is!=nil{t.Fatal(is)}
 vals,_:=rule.NewValues(env,nil,nil)
 inv:=ruletest.Whole(r,c)
 m:=rule.NewMachine(rule.Context{Inventory:inv,Values:vals,At:ruletest.Now.UnixMicro(),Claims:rule.NewClaims(ruletest.Claims())})
 os:=ruletest.NewOracles(env,c)
 refused:=map[string]int{}
 counts:=map[string]int{}
 for i:=0;i<20000;i++{
  src:=ruletest.Condition(r,"system",3)
  p,iss:=env.Compile(src,"system",rule.WantBool)
  if iss!=nil{ refused[iss[0].Message]++; if refused[iss[0].Message]==1{fmt.Println(src,iss[0])}; continue}
  m.Subject(unsafe.Pointer(inv.System),nil)
  got:=p.Bool(m)
  counts[got.String()]++
  o,err:=os.Oracle(src,"system")
  if err!=nil{t.Fatal(src,err)}
  want:=o.Bool(inv,ruletest.Claims(),ruletest.Now.UnixMicro())
  if got!=want { counts[got.String()+" want "+want.String()]++
    if counts[got.String()+" want "+want.String()]<4 {fmt.Println(src,got,want,m.Err())} }
 }
 fmt.Println(len(refused),counts)
}

func TestYY(t *testing.T){
 r:=rand.New(rand.NewSource(1))
 c:=ruletest.Checklist()
 env,_:=rule.NewEnv(c)
 vals,_:=rule.NewValues(env,nil,nil)
 inv:=ruletest.Whole(r,c)
 m:=rule.NewMachine(rule.Context{Inventory:inv,Values:vals,At:ruletest.Now.UnixMicro(),Claims:rule.NewClaims(ruletest.Claims())})
 os:=ruletest.NewOracles(env,c)
 for _,src:=range []string{
 `(inventory.facility("f0").access_controls + inventory.population("p0").listFact("f_strings")).exists_one(v2, inventory.channel("n0").high_volume)`,
 `system.deployed_time.getDayOfWeek() >= double(system.display_name)`,
 `size(inventory.facility("f0").access_controls + inventory.population("p0").listFact("f_strings")) == 0`,
 `size(inventory.facility("f0").access_controls) == 0`,
 `inventory.channel("n0").high_volume`,
 `1/0 == 1 || inventory.channel("n0").high_volume`,
 `(now - duration("1h") >= (([1099511627776, 3, inventory.population("p0").size] != [params.p_int, 1099511627776, system.intFact("f_int")]) ? timestamp(inventory.unit("u0").client_count) : timestamp(system.intFact("f_int"))))`,
`timestamp(inventory.unit("u0").client_count) == timestamp(system.intFact("f_int"))`,
`[1099511627776, 3, inventory.population("p0").size] != [params.p_int, 1099511627776, system.intFact("f_int")]`,
 }{
  p,iss:=env.Compile(src,"system",rule.WantBool)
  if iss!=nil{t.Fatal(iss)}
  m.Subject(unsafe.Pointer(inv.System),nil)
  o,_:=os.Oracle(src,"system")
  fmt.Println(src,p.Bool(m),m.Err(),o.Bool(inv,nil,ruletest.Now.UnixMicro()))
  for _,f:=range m.Missing(){fmt.Println("   missing",m.Path(f))}
  for _,f:=range m.Facts(){v,_:=f.Value();fmt.Println("   fact",m.Path(f),v)}
 }
}
