(** What each step of a scan keeps holds for ever. *)

From Coq Require Import QArith List Bool String Lia Setoid.
From Homeostat Require Import Rows Scan Scanning.
Import ListNotations.
Open Scope Q_scope.

(** What advances into a stage, and what it is in the stage below before the step: what is kept
    there, or at stage 0 what is admitted. *)
Definition from_kept : list (string * string) :=
  [("m_T", "k_T"); ("m_S", "k_S"); ("a_U", "j_U"); ("b_U", "k_U")]%string.
Definition from_admitted : list (string * string) :=
  [("m_T", "n_T"); ("m_S", "n_S"); ("a_U", "j_U"); ("b_U", "k_U")]%string.

(** Rows of the state by the sort of stage, and what else is assumed at each step. *)
Record induction := {
  step : scan;
  stays : list (string * list row);
  assumed_always : list (string * list row)
}.

Definition of (s : string) (table : list (string * list row)) : list row :=
  match find_name s table with Some rows => rows | None => [] end.

(** A run of all steps, over stages N, .., 0: [V t s] are the values at stage s in step t, [L t s]
    is the location there, [kind s] the sort of stage s. Stages of sort "shared" are the lowest. *)
Record run (I : induction) (N : nat) (kind : nat -> string)
    (L : nat -> nat -> list string) (V : nat -> nat -> valuation) : Prop := {
  (* each step is a scan from the top to stage 0 *)
  r_first : forall t, L t N = first (step I);
  r_given : forall t, all_hold (V t N) (given (step I));
  r_sums : forall t e, In e (sums (step I)) -> V t N e == 0;
  r_carry : forall t x init next,
    In (x, (init, next)) (carry (step I)) -> V t N x == eval (V t N) init;
  r_moves : forall t s, (s < N)%nat -> exists m,
    In m (moves (systems (step I)) (L t (S s)) (kind (S s))) /\ L t s = arrives m /\
    all_hold (V t (S s)) (rows_of m) /\
    (forall st, In st m -> V t s (sum st) == V t (S s) (sum st) + eval (V t (S s)) (tokens st)) /\
    (forall x init next,
       In (x, (init, next)) (carry (step I)) -> V t s x == eval (V t (S s)) next);
  r_admission : forall t, all_hold (V t 0%nat) (admission (systems (step I)) (L t 0%nat));
  r_last : forall t, all_hold (V t 0%nat) (at_last (step I));
  (* what else is assumed *)
  r_kind : forall s, (s < N)%nat -> exists rows, In (kind (S s), rows) (each (step I));
  r_shared : forall s, kind (S (S s)) = "shared"%string -> kind (S s) = "shared"%string;
  r_always : forall t s, (s < N)%nat -> all_hold (V t (S s)) (of (kind (S s)) (assumed_always I));
  (* parameters are the same everywhere, and what was kept advances *)
  r_parameter : forall t s t' s' x, parameter (step I) x -> V t s x == V t' s' x;
  r_kept : forall t s x y, In (x, y) from_kept -> V (S t) (S (S s)) x == V t (S s) y;
  r_admitted : forall t x y, In (x, y) from_admitted -> V (S t) 1%nat x == V t 0%nat y
}.

(** The theorem: rows that hold at the start hold at every step. *)
Definition true_for_ever (I : induction) : Prop :=
  forall N kind L V, run I N kind L V ->
  (forall s, (s < N)%nat -> all_hold (V 0%nat (S s)) (of (kind (S s)) (stays I))) ->
  forall t s, (s < N)%nat -> all_hold (V t (S s)) (of (kind (S s)) (stays I)).

(** * The checker *)

Definition itself (r : row) : proof :=
  let one i := {| by_poly := Num 1; of_rows := [i]; by_square := None |} in
  match r with Eq _ _ => Equations [one 0%nat] | _ => Refute [one 0%nat; one 1%nat] end.

(** Whether a row is one of some rows, up to the order of its terms. *)
Definition among (ns : list string) (rows : list row) (r : row) : bool :=
  existsb (fun g => check ns [g] r (itself r)) rows.

Definition renaming (names : list (string * string)) : list (string * poly) :=
  map (fun xy => (fst xy, Name (snd xy))) names.

Definition check_induction (I : induction) (E : evidence) : bool :=
  let T := step I in
  let lowest := of "shared" (stays I) in
  check_scan T E &&
  forallb (fun i => existsb (same_location (fst i)) (ends T)) (invariants E) &&
  distinct (map fst (each T)) && distinct (map fst (then_each T)) &&
  (* at most one sort lies above the shared stages *)
  forallb (fun sa => (fst sa =? "shared")%string || (fst sa =? "tail")%string) (each T) &&
  forallb (fun sa =>
    let rows := of (fst sa) (stays I) in
    forallb (among (names E) (of (fst sa) (assumed_always I) ++ rows)) (snd sa) &&
    forallb (fun r => among (names E) (of (fst sa) (then_each T))
                        (replace_row (renaming from_kept) r)) rows &&
    forallb (among (names E) lowest) rows) (each T) &&
  forallb (fun r => among (names E) (then_last T) (replace_row (renaming from_admitted) r)) lowest &&
  forallb (fun x => is_in x (map fst from_kept) ||
                    negb (is_in x local) && negb (is_in x (map fst (carry T))))
    (flat_map row_names (flat_map snd (stays I))).

(** * Soundness *)

Lemma among_sound (ns : list string) (v : valuation) (rows : list row) (r : row) :
  among ns rows r = true -> all_hold v rows -> holds v r.
Proof.
  intros C H. apply existsb_exists in C as [g [Hg C]].
  apply (check_sound ns v _ _ _ C). constructor; [|constructor].
  unfold all_hold in H. rewrite Forall_forall in H. auto.
Qed.

Lemma among_all (ns : list string) (v : valuation) (rows goals : list row) :
  forallb (among ns rows) goals = true -> all_hold v rows -> all_hold v goals.
Proof.
  intros C H. apply Forall_forall. intros r Hr. rewrite forallb_forall in C.
  now apply (among_sound ns v rows r (C r Hr)).
Qed.

Lemma of_in (s : string) (table : list (string * list row)) (r : row) :
  In r (of s table) -> In (s, of s table) table.
Proof.
  unfold of. destruct (find_name s table) as [rows|] eqn:F; [|intros []].
  intros _. now apply find_name_in.
Qed.

Theorem check_induction_sound (I : induction) (E : evidence) :
  check_induction I E = true -> true_for_ever I.
Proof.
  intros C N kind L V R H0. unfold check_induction in C.
  apply andb_true_iff in C as [C Cn]. apply andb_true_iff in C as [C Cl].
  apply andb_true_iff in C as [C Ce]. apply andb_true_iff in C as [C Cs].
  apply andb_true_iff in C as [C Ct]. apply andb_true_iff in C as [C Cd].
  apply andb_true_iff in C as [C Ci].
  pose proof (check_scan_sound (step I) E C) as Scan.
  rewrite forallb_forall in Ce, Cl, Cn, Cs.
  (* Renamed rows. *)
  assert (Rename : forall names t s t' s' r rows s0,
    map fst names = map fst from_kept ->
    (forall x y, In (x, y) names -> V t' s' x == V t s y) ->
    In r (of s0 (stays I)) -> among (Scanning.names E) rows (replace_row (renaming names) r) = true ->
    all_hold (V t s) rows -> holds (V t' s') r).
  { intros names t s t' s' r rows s0 En Hlink Hr Ha Hrows.
    apply (replace_holds (renaming names) (V t s)); [|now apply (among_sound _ _ _ _ Ha)].
    intros x Hx. destruct (find_name x (renaming names)) as [p|] eqn:F.
    - apply find_name_in in F. apply in_map_iff in F as [[x' y] [F Hin]]. injection F as <- <-.
      simpl. now apply Hlink.
    - apply find_name_none in F. unfold renaming in F. rewrite map_map in F. simpl in F.
      assert (D : In x (flat_map row_names (flat_map snd (stays I)))).
      { apply in_flat_map. exists r. split; [|assumption]. apply in_flat_map.
        exists (s0, of s0 (stays I)). split; [now apply (of_in _ _ r)|assumption]. }
      apply Cn in D. apply orb_true_iff in D as [D|D].
      + apply is_in_spec in D. exfalso. apply F. change (In x (map fst names)). now rewrite En.
      + apply andb_true_iff in D as [D1 D2]. apply (r_parameter _ _ _ _ _ R).
        split; now apply not_in_spec. }
  induction t as [|t IH]; [assumption|].
  (* The scan of step t. *)
  assert (Assumed : forall s rows, (s < N)%nat -> In (kind (S s), rows) (each (step I)) ->
    all_hold (V t (S s)) rows).
  { intros s rows Hs Hin. specialize (Ce _ Hin). simpl in Ce.
    apply andb_true_iff in Ce as [Ce _]. apply andb_true_iff in Ce as [Ce _].
    apply (among_all _ _ _ _ Ce). apply all_hold_app. split.
    - now apply (r_always _ _ _ _ _ R).
    - now apply IH. }
  assert (Reach : forall k s, (s + k = N)%nat -> reaches (step I) (L t s) (V t s)).
  { induction k as [|k IHk]; intros s Hk.
    - replace s with N by lia. rewrite (r_first _ _ _ _ _ R). apply top.
      + apply (r_given _ _ _ _ _ R).
      + apply (r_sums _ _ _ _ _ R).
      + apply (r_carry _ _ _ _ _ R).
    - destruct (r_moves _ _ _ _ _ R t s ltac:(lia)) as [m [Hm [Em [Hr [Hsum Hc]]]]].
      destruct (r_kind _ _ _ _ _ R s ltac:(lia)) as [rows Hrows].
      rewrite Em. apply (below (step I) (L t (S s)) (V t (S s)) (kind (S s)) rows m); auto.
      + apply IHk. lia.
      + apply Assumed; [lia|assumption].
      + intros x Hx. now apply (r_parameter _ _ _ _ _ R). }
  assert (Each : forall s, (s < N)%nat ->
    all_hold (V t (S s)) (of (kind (S s)) (then_each (step I)))).
  { intros s Hs. unfold of. destruct (find_name (kind (S s)) (then_each (step I))) as [goals|] eqn:F;
      [|constructor].
    destruct (r_moves _ _ _ _ _ R t s Hs) as [m [Hm [_ [Hr _]]]].
    destruct (r_kind _ _ _ _ _ R s Hs) as [rows Hrows].
    apply (proj1 (Scan _ _ (Reach (N - S s)%nat (S s) ltac:(lia))) (kind (S s)) rows m goals); auto.
    now apply find_name_in. }
  assert (Last : all_hold (V t 0%nat) (then_last (step I))).
  { pose proof (Reach N 0%nat ltac:(lia)) as Hr.
    apply (proj2 (Scan _ _ Hr)).
    - destruct (reached_known (step I) E C _ _ Hr) as [_ [inv [Hi _]]].
      rewrite forallb_forall in Ci. apply Ci in Hi. apply existsb_exists in Hi as [l [Hl El]].
      apply same_location_spec in El. simpl in El. now subst.
    - apply (r_admission _ _ _ _ _ R).
    - apply (r_last _ _ _ _ _ R). }
  intros s Hs. apply Forall_forall. intros r Hr.
  destruct (r_kind _ _ _ _ _ R s Hs) as [rows Hrows].
  pose proof (Ce _ Hrows) as Cr. cbn [fst snd] in Cr.
  apply andb_true_iff in Cr as [Cr Clow]. apply andb_true_iff in Cr as [_ Ckept].
  rewrite forallb_forall in Clow, Ckept.
  destruct s as [|s].
  - (* stage 1: from what is admitted, by way of the rows of shared stages *)
    assert (Low : all_hold (V (S t) 1%nat) (of "shared" (stays I))).
    { apply Forall_forall. intros g Hg.
      apply (Rename from_admitted t 0%nat (S t) 1%nat g (then_last (step I)) "shared"%string); auto.
      intros x y. apply (r_admitted _ _ _ _ _ R). }
    now apply (among_sound _ _ _ _ (Clow r Hr)).
  - destruct (r_kind _ _ _ _ _ R s ltac:(lia)) as [below_rows Hbelow].
    pose proof (Ce _ Hbelow) as Cb. cbn [fst snd] in Cb.
    apply andb_true_iff in Cb as [Cb _]. apply andb_true_iff in Cb as [_ Cb].
    rewrite forallb_forall in Cb.
    assert (Below : all_hold (V (S t) (S (S s))) (of (kind (S s)) (stays I))).
    { apply Forall_forall. intros g Hg.
      apply (Rename from_kept t (S s) (S t) (S (S s)) g (of (kind (S s)) (then_each (step I)))
               (kind (S s))); auto.
      - intros x y. apply (r_kept _ _ _ _ _ R).
      - apply Each. lia. }
    pose proof (Cs _ Hrows) as K. pose proof (Cs _ Hbelow) as K'. simpl in K, K'.
    apply orb_true_iff in K as [K|K]; apply String.eqb_eq in K.
    + rewrite K in Hr. rewrite (r_shared _ _ _ _ _ R s K) in Below.
      unfold all_hold in Below. rewrite Forall_forall in Below. auto.
    + apply orb_true_iff in K' as [K'|K']; apply String.eqb_eq in K'; rewrite K' in Below.
      * now apply (among_sound _ _ _ _ (Clow r Hr)).
      * rewrite K in Hr. unfold all_hold in Below. rewrite Forall_forall in Below. auto.
Qed.
