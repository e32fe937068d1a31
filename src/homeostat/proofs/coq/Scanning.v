(** Theorems on scans (Scan.v) by invariants: the checker, and why it is sound. *)

From Coq Require Import QArith List Bool String Setoid.
From Homeostat Require Import Rows Scan.
Import ListNotations.
Open Scope Q_scope.

(** * The checker *)

Record move_proof := {
  leaves : list string; of_sort : string; reached : list string;
  each_proofs : list proof; kept_proofs : list proof
}.

(** Invariants by location (one without is never reached), and proofs of all obligations. *)
Record evidence := {
  names : list string;
  invariants : list (list string * list row);
  start_proofs : list proof;
  move_proofs : list move_proof;
  last_proofs : list (list string * list proof)
}.

Definition same_location (l m : list string) : bool :=
  if list_eq_dec string_dec l m then true else false.

Fixpoint find_location {A} (l : list string) (table : list (list string * A)) : option A :=
  match table with
  | [] => None
  | (m, a) :: table' => if same_location l m then Some a else find_location l table'
  end.

Fixpoint find_name {A} (x : string) (table : list (string * A)) : option A :=
  match table with
  | [] => None
  | (y, a) :: table' => if (y =? x)%string then Some a else find_name x table'
  end.

Fixpoint replace (env : list (string * poly)) (p : poly) : poly :=
  match p with
  | Num c => Num c
  | Name x => match find_name x env with Some q => q | None => Name x end
  | Add a b => Add (replace env a) (replace env b)
  | Mul a b => Mul (replace env a) (replace env b)
  end.

Definition replace_row (env : list (string * poly)) (r : row) : row :=
  match r with
  | Lt a b => Lt (replace env a) (replace env b)
  | Le a b => Le (replace env a) (replace env b)
  | Eq a b => Eq (replace env a) (replace env b)
  end.

Fixpoint poly_names (p : poly) : list string :=
  match p with
  | Num _ => [] | Name x => [x] | Add a b | Mul a b => poly_names a ++ poly_names b
  end.
Definition row_names (r : row) : list string :=
  match r with Lt a b | Le a b | Eq a b => poly_names a ++ poly_names b end.

Definition is_in (x : string) (l : list string) : bool := existsb (String.eqb x) l.

Fixpoint check_all (ns : list string) (rows : list row) (goals : list row) (ps : list proof) : bool :=
  match goals, ps with
  | [], [] => true
  | g :: goals', p :: ps' => check ns rows g p && check_all ns rows goals' ps'
  | _, _ => false
  end.

Definition absurd : row := Lt (Num 0) (Num 0).

Definition start_env (T : scan) : list (string * poly) :=
  map (fun e => (e, Num 0)) (sums T) ++ map (fun c => (fst c, fst (snd c))) (carry T).
Definition move_env (T : scan) (m : list stage) : list (string * poly) :=
  map (fun st => (sum st, Add (Name (sum st)) (tokens st))) m ++
  map (fun c => (fst c, snd (snd c))) (carry T).

Definition check_move (T : scan) (E : evidence) (l : list string) (inv : list row) (s : string)
    (assumed : list row) (m : list stage) : bool :=
  let rows := given T ++ inv ++ assumed ++ rows_of m in
  let goals := match find_name s (then_each T) with Some g => g | None => [] end in
  let kept := match find_location (arrives m) (invariants E) with
              | Some target => map (replace_row (move_env T m)) target
              | None => [absurd]
              end in
  forallb (fun st => is_in (sum st) (sums T)) m &&
  forallb (fun e => is_in e (map sum m)) (sums T) &&
  existsb (fun mp =>
      same_location l (leaves mp) && (s =? of_sort mp)%string && same_location (arrives m) (reached mp)
      && check_all (names E) rows goals (each_proofs mp)
      && check_all (names E) rows kept (kept_proofs mp)) (move_proofs E).

Fixpoint distinct (l : list string) : bool :=
  match l with [] => true | x :: l' => negb (is_in x l') && distinct l' end.

Definition check_scan (T : scan) (E : evidence) : bool :=
  let registers := sums T ++ map fst (carry T) in
  (* Names mean one thing: parameters in what is given and in what is carried from the top;
     parameters, sums and carried values in the invariants. *)
  forallb (fun x => negb (is_in x local) && negb (is_in x (map fst (carry T))))
    (flat_map row_names (given T)) &&
  forallb (fun x => is_in x local) (sums T) &&
  forallb (fun x => negb (is_in x local)) (map fst (carry T)) &&
  distinct (map fst (then_each T)) &&
  forallb (fun x => is_in x registers || negb (is_in x local))
    (flat_map (fun i => flat_map row_names (snd i)) (invariants E)) &&
  match find_location (first T) (invariants E) with
  | Some inv => check_all (names E) (given T) (map (replace_row (start_env T)) inv) (start_proofs E)
  | None => false
  end &&
  forallb (fun i =>
    forallb (fun sa =>
      forallb (check_move T E (fst i) (snd i) (fst sa) (snd sa))
        (moves (systems T) (fst i) (fst sa))) (each T) &&
    (if existsb (same_location (fst i)) (ends T) then
       match find_location (fst i) (last_proofs E) with
       | Some ps => check_all (names E)
           (given T ++ snd i ++ admission (systems T) (fst i) ++ at_last T) (then_last T) ps
       | None => false
       end
     else true)) (invariants E).

(** * Soundness *)

Lemma is_in_spec (x : string) (l : list string) : is_in x l = true <-> In x l.
Proof.
  unfold is_in. rewrite existsb_exists. split.
  - intros [y [H E]]. apply String.eqb_eq in E. now subst.
  - intros H. exists x. split; [assumption|]. apply String.eqb_refl.
Qed.

Lemma not_in_spec (x : string) (l : list string) : negb (is_in x l) = true <-> ~ In x l.
Proof. rewrite negb_true_iff, <- is_in_spec. symmetry. apply not_true_iff_false. Qed.

Lemma same_location_spec (l m : list string) : same_location l m = true <-> l = m.
Proof. unfold same_location. destruct (list_eq_dec string_dec l m); split; congruence. Qed.

Lemma find_location_in {A} (l : list string) (table : list (list string * A)) (a : A) :
  find_location l table = Some a -> In (l, a) table.
Proof.
  induction table as [|[m b] table IH]; simpl; [discriminate|].
  destruct (same_location l m) eqn:E.
  - apply same_location_spec in E. intros [= <-]. left. now subst.
  - intros H. right. now apply IH.
Qed.

Lemma find_name_in {A} (x : string) (table : list (string * A)) (a : A) :
  find_name x table = Some a -> In (x, a) table.
Proof.
  induction table as [|[y b] table IH]; simpl; [discriminate|].
  destruct (String.eqb_spec y x) as [->|].
  - intros [= <-]. now left.
  - intros H. right. now apply IH.
Qed.

Lemma find_name_none {A} (x : string) (table : list (string * A)) :
  find_name x table = None -> ~ In x (map fst table).
Proof.
  induction table as [|[y b] table IH]; simpl; [tauto|].
  destruct (String.eqb_spec y x); [discriminate|]. intros H [E|E]; [contradiction|]. now apply IH.
Qed.

Lemma find_name_distinct {A} (x : string) (table : list (string * A)) (a : A) :
  distinct (map fst table) = true -> In (x, a) table -> find_name x table = Some a.
Proof.
  induction table as [|[y b] table IH]; simpl; [tauto|]. intros D [E|H].
  - injection E as -> ->. now rewrite String.eqb_refl.
  - apply andb_true_iff in D as [D1 D2]. destruct (String.eqb_spec y x) as [->|].
    + exfalso. apply not_in_spec in D1. apply D1. now apply (in_map fst) in H.
    + now apply IH.
Qed.

Lemma replace_eval (env : list (string * poly)) (v v' : valuation) (p : poly) :
  (forall x, In x (poly_names p) -> match find_name x env with
    | Some q => v' x == eval v q | None => v' x == v x end) ->
  eval v (replace env p) == eval v' p.
Proof.
  induction p as [c|x|a IHa b IHb|a IHa b IHb]; simpl; intros H; try reflexivity.
  - specialize (H x (or_introl eq_refl)). destruct (find_name x env); now rewrite H.
  - rewrite IHa, IHb; [reflexivity|..]; intros; apply H, in_or_app; auto.
  - rewrite IHa, IHb; [reflexivity|..]; intros; apply H, in_or_app; auto.
Qed.

Lemma replace_holds (env : list (string * poly)) (v v' : valuation) (r : row) :
  (forall x, In x (row_names r) -> match find_name x env with
    | Some q => v' x == eval v q | None => v' x == v x end) ->
  holds v (replace_row env r) -> holds v' r.
Proof.
  intros H Hr. destruct r as [a b|a b|a b]; simpl in *;
    rewrite (replace_eval env v v' a), (replace_eval env v v' b) in Hr; try assumption;
    intros; apply H, in_or_app; auto.
Qed.

Lemma check_all_sound (ns : list string) (v : valuation) (rows goals : list row) (ps : list proof) :
  check_all ns rows goals ps = true -> all_hold v rows -> all_hold v goals.
Proof.
  revert ps. induction goals as [|g goals IH]; intros [|p ps] C H; simpl in C; try discriminate;
    constructor; apply andb_true_iff in C as [C1 C2].
  - now apply (check_sound ns v p rows g).
  - now apply (IH ps).
Qed.

Lemma all_hold_app (v : valuation) (a b : list row) :
  all_hold v (a ++ b) <-> all_hold v a /\ all_hold v b.
Proof. apply Forall_app. Qed.

Section Soundness.

Variables (T : scan) (E : evidence).
Hypothesis C : check_scan T E = true.

Record checked : Prop := {
  c_given : forall x, In x (flat_map row_names (given T)) -> parameter T x;
  c_then : distinct (map fst (then_each T)) = true;
  c_names : forall i x, In i (invariants E) -> In x (flat_map row_names (snd i)) ->
    In x (sums T ++ map fst (carry T)) \/ ~ In x local;
  c_start : exists inv ps, find_location (first T) (invariants E) = Some inv /\
    check_all (names E) (given T) (map (replace_row (start_env T)) inv) ps = true;
  c_moves : forall l inv s assumed m, In (l, inv) (invariants E) -> In (s, assumed) (each T) ->
    In m (moves (systems T) l s) -> check_move T E l inv s assumed m = true;
  c_last : forall l inv, In (l, inv) (invariants E) -> In l (ends T) -> exists ps,
    check_all (names E) (given T ++ inv ++ admission (systems T) l ++ at_last T) (then_last T) ps
    = true
}.

Lemma all_checked : checked.
Proof.
  unfold check_scan in C.
  apply andb_true_iff in C as [D Hm]. apply andb_true_iff in D as [D Hs].
  apply andb_true_iff in D as [D Hn]. apply andb_true_iff in D as [D Ht].
  apply andb_true_iff in D as [D _]. apply andb_true_iff in D as [D _].
  rewrite forallb_forall in D, Hn, Hm. constructor.
  - intros x Hx. apply D, andb_true_iff in Hx as [H1 H2]. split; now apply not_in_spec.
  - assumption.
  - intros i x Hi Hx. assert (H : In x (flat_map (fun i => flat_map row_names (snd i)) (invariants E)))
      by (apply in_flat_map; eauto).
    apply Hn, orb_true_iff in H as [H|H]; [left; now apply is_in_spec|right; now apply not_in_spec].
  - destruct (find_location (first T) (invariants E)) as [inv|]; [|discriminate]. eauto.
  - intros l inv s assumed m Hi Ha H. apply Hm in Hi. simpl in Hi.
    apply andb_true_iff in Hi as [Hi _]. rewrite forallb_forall in Hi. apply Hi in Ha. simpl in Ha.
    rewrite forallb_forall in Ha. now apply Ha.
  - intros l inv Hi He. apply Hm in Hi. simpl in Hi. apply andb_true_iff in Hi as [_ Hi].
    assert (X : existsb (same_location l) (ends T) = true)
      by (apply existsb_exists; exists l; split; [assumption|now apply same_location_spec]).
    rewrite X in Hi. destruct (find_location l (last_proofs E)); [eauto|discriminate].
Qed.

Lemma eval_ext (v v' : valuation) (p : poly) :
  (forall x, In x (poly_names p) -> v' x == v x) -> eval v p == eval v' p.
Proof.
  induction p as [c|x|a IHa b IHb|a IHa b IHb]; simpl; intros H; try reflexivity.
  - symmetry. apply H. now left.
  - rewrite IHa, IHb; [reflexivity|..]; intros; apply H, in_or_app; auto.
  - rewrite IHa, IHb; [reflexivity|..]; intros; apply H, in_or_app; auto.
Qed.

Lemma holds_ext (v v' : valuation) (r : row) :
  (forall x, In x (row_names r) -> v' x == v x) -> holds v r -> holds v' r.
Proof.
  intros H Hr. destruct r as [a b|a b|a b]; simpl in *;
    rewrite (eval_ext v v' a), (eval_ext v v' b) in Hr; try assumption;
    intros; apply H, in_or_app; auto.
Qed.

Definition known (l : list string) (v : valuation) : Prop :=
  all_hold v (given T) /\ exists inv, In (l, inv) (invariants E) /\ all_hold v inv.

Lemma move_checked l v inv s assumed m :
  In (l, inv) (invariants E) -> all_hold v (given T) -> all_hold v inv ->
  In (s, assumed) (each T) -> In m (moves (systems T) l s) ->
  all_hold v assumed -> all_hold v (rows_of m) ->
  (forall goals, In (s, goals) (then_each T) -> all_hold v goals) /\
  (forall e, In e (sums T) -> In e (map sum m)) /\
  exists target, In (arrives m, target) (invariants E) /\
    all_hold v (map (replace_row (move_env T m)) target).
Proof.
  intros Hi Hg Hv Ha Hm Hva Hvm.
  pose proof (c_moves all_checked l inv s assumed m Hi Ha Hm) as D. unfold check_move in D.
  apply andb_true_iff in D as [D Hp]. apply andb_true_iff in D as [_ Hs].
  apply existsb_exists in Hp as [mp [_ D]].
  apply andb_true_iff in D as [D Hk]. apply andb_true_iff in D as [_ He].
  assert (Hr : all_hold v (given T ++ inv ++ assumed ++ rows_of m))
    by (rewrite !all_hold_app; auto).
  apply (check_all_sound _ v) in He; [|assumption].
  apply (check_all_sound _ v) in Hk; [|assumption].
  split; [|split].
  - intros goals Hin. apply (find_name_distinct s _ goals (c_then all_checked)) in Hin.
    now rewrite Hin in He.
  - intros e Hin. rewrite forallb_forall in Hs. now apply is_in_spec, Hs.
  - destruct (find_location (arrives m) (invariants E)) as [target|] eqn:F.
    + exists target. split; [now apply find_location_in|assumption].
    + inversion Hk as [|r rows Hr0 _]. exfalso. simpl in Hr0. now apply (Qlt_irrefl 0).
Qed.

Lemma reached_known l v : reaches T l v -> known l v.
Proof.
  induction 1 as [v Hg Hs Hc|l v s assumed m v' Hr [Hg [inv [Hi Hv]]] Ha Hm Hva Hvm Hp Hsum Hc].
  - split; [assumption|]. destruct (c_start all_checked) as [inv [ps [F D]]]. exists inv.
    split; [now apply find_location_in|]. apply (check_all_sound _ v) in D; [|assumption].
    unfold all_hold in *. rewrite Forall_map in D.
    apply Forall_impl with (2 := D). intros r. apply replace_holds. intros x _.
    destruct (find_name x (start_env T)) as [p|] eqn:G; [|reflexivity].
    apply find_name_in, in_app_or in G as [G|G]; apply in_map_iff in G as [y [G Hy]];
      injection G as <- <-.
    + simpl. now apply Hs.
    + destruct y as [y [init next]]. simpl. now apply (Hc y init next).
  - destruct (move_checked l v inv s assumed m Hi Hg Hv Ha Hm Hva Hvm) as [_ [Hsums [target [Ht D]]]].
    split.
    + unfold all_hold in *. rewrite Forall_forall in *. intros r Hr'. apply (holds_ext v); [|auto].
      intros x Hx. apply Hp, (c_given all_checked). apply in_flat_map. eauto.
    + exists target. split; [assumption|]. unfold all_hold in *. rewrite Forall_map in D.
      rewrite Forall_forall in *. intros r Hr'. apply (replace_holds (move_env T m) v); [|auto].
      intros x Hx. destruct (find_name x (move_env T m)) as [p|] eqn:G.
      * apply find_name_in, in_app_or in G as [G|G]; apply in_map_iff in G as [y [G Hy]];
          injection G as <- <-.
        -- simpl. now apply Hsum.
        -- destruct y as [y [init next]]. simpl. now apply (Hc y init next).
      * apply find_name_none in G. unfold move_env in G. rewrite map_app, in_app_iff, !map_map in G.
        simpl in G. apply Hp. assert (N : ~ In x (map fst (carry T))).
        { intros N. apply G. right. exact N. }
        split; [|assumption].
        destruct (c_names all_checked (arrives m, target) x Ht) as [K|K]; [|..|assumption].
        -- apply in_flat_map. eauto.
        -- apply in_app_or in K as [K|K]; [|contradiction]. exfalso. apply G. left. now apply Hsums.
Qed.

Theorem check_scan_sound : true_of_every_scan T.
Proof.
  intros l v H. apply reached_known in H as [Hg [inv [Hi Hv]]]. split.
  - intros s assumed m goals Ha Hm Hva Hvm Hin.
    now apply (move_checked l v inv s assumed m Hi Hg Hv Ha Hm Hva Hvm).
  - intros He Had Hl. destruct (c_last all_checked l inv Hi He) as [ps D].
    apply (check_all_sound _ v) in D; [assumption|]. rewrite !all_hold_app. auto.
Qed.

End Soundness.
