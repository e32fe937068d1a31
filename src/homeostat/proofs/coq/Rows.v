(** Rows: polynomials over named numbers with < <= or == between, and what follows from them.

    A proof multiplies rows with each other, with numbers >= 0 and with squares, and equations
    with anything, until the sum says that a constant is positive which is not
    (Positivstellensatz). The arithmetic is that of Coq's own [micromega]. *)

From Coq Require Import QArith List Bool String Lqa Lia Setoid.
From Coq.micromega Require Import EnvRing RingMicromega QMicromega Refl.
Import ListNotations.
Open Scope Q_scope.

Inductive poly :=
  | Num (c : Q)
  | Name (x : string)
  | Add (a b : poly)
  | Mul (a b : poly).

Inductive row := Lt (a b : poly) | Le (a b : poly) | Eq (a b : poly).

Fixpoint eval (v : string -> Q) (p : poly) : Q :=
  match p with
  | Num c => c
  | Name x => v x
  | Add a b => eval v a + eval v b
  | Mul a b => eval v a * eval v b
  end.

Definition holds (v : string -> Q) (r : row) : Prop :=
  match r with
  | Lt a b => eval v a < eval v b
  | Le a b => eval v a <= eval v b
  | Eq a b => eval v a == eval v b
  end.

(** The rows, one after the other, imply the goal. *)
Fixpoint follows (v : string -> Q) (rows : list row) (goal : row) : Prop :=
  match rows with [] => holds v goal | r :: rows' => holds v r -> follows v rows' goal end.

(** A product of rows, times a polynomial (a number >= 0 unless a row is an equation), times a
    square. *)
Record term := { by_poly : poly; of_rows : list nat; by_square : option poly }.

Inductive proof :=
  | Have (r : row) (why : proof) (more : proof)
  | Refute (terms : list term)            (* with the goal's negation as the last row *)
  | Sides (above below : list term)       (* an equation, from both sides *)
  | Equations (terms : list term).        (* equations that add up to an equation *)

(** Translation to micromega; None where a name is not in the list. *)
Fixpoint index (names : list string) (x : string) : option nat :=
  match names with
  | [] => None
  | y :: names' => if String.eqb y x then Some O else option_map S (index names' x)
  end.

Fixpoint compile (names : list string) (p : poly) : option (PExpr Q) :=
  match p with
  | Num c => Some (PEc c)
  | Name x => option_map (fun i => PEX (Pos.of_succ_nat i)) (index names x)
  | Add a b =>
      match compile names a, compile names b with
      | Some a', Some b' => Some (PEadd a' b') | _, _ => None end
  | Mul a b =>
      match compile names a, compile names b with
      | Some a', Some b' => Some (PEmul a' b') | _, _ => None end
  end.

Definition compile_row (names : list string) (r : row) : option (Formula Q) :=
  let make a op b :=
    match compile names a, compile names b with
    | Some a', Some b' => Some (Build_Formula a' op b') | _, _ => None end in
  match r with Lt a b => make a OpLt b | Le a b => make a OpLe b | Eq a b => make a OpEq b end.

Definition normal : Formula Q -> NFormula Q :=
  normalise 0 1 Qplus Qmult Qminus Qopp Qeq_bool.

Fixpoint compile_rows (names : list string) (rows : list row) : option (list (NFormula Q)) :=
  match rows with
  | [] => Some []
  | r :: rows' =>
      match compile_row names r, compile_rows names rows' with
      | Some f, Some fs => Some (normal f :: fs) | _, _ => None end
  end.

Definition is_equation (r : row) : bool := match r with Eq _ _ => true | _ => false end.

Fixpoint product (rows : list nat) : Psatz Q :=
  match rows with
  | [] => PsatzC 1
  | [i] => PsatzIn Q i
  | i :: rows' => PsatzMulE (PsatzIn Q i) (product rows')
  end.

(** Any answer is sound: micromega checks what it gets. *)
Definition compile_term (names : list string) (rows : list row) (t : term) : Psatz Q :=
  let norm' p := match compile names p with Some e => normQ e | None => Pc 0 end in
  let base := product (of_rows t) in
  let squared :=
    match by_square t with None => base | Some s => PsatzMulE (PsatzSquare (norm' s)) base end in
  if existsb (fun i => match nth_error rows i with Some r => is_equation r | None => false end)
             (of_rows t)
  then PsatzMulC (norm' (by_poly t)) squared
  else match norm' (by_poly t) with
       | Pc c => if Qeq_bool c 0 then PsatzZ Q else PsatzMulE (PsatzC c) squared
       | _ => PsatzZ Q
       end.

Definition compile_terms (names : list string) (rows : list row) (ts : list term) : Psatz Q :=
  fold_right (fun t sum => PsatzAdd (compile_term names rows t) sum) (PsatzZ Q) ts.

Definition refute (names : list string) (rows : list row) (ts : list term) : bool :=
  match compile_rows names rows with
  | Some fs => QWeakChecker fs (compile_terms names rows ts)
  | None => false
  end.

Definition opposite (t : term) : term :=
  {| by_poly := Mul (Num (-1)) (by_poly t); of_rows := of_rows t; by_square := by_square t |}.

Fixpoint check (names : list string) (rows : list row) (goal : row) (p : proof) : bool :=
  match p with
  | Have r why more => check names rows r why && check names (rows ++ [r]) goal more
  | Refute ts =>
      match goal with
      | Lt a b => refute names (rows ++ [Le b a]) ts
      | Le a b => refute names (rows ++ [Lt b a]) ts
      | Eq _ _ => false
      end
  | Sides above below =>
      match goal with
      | Eq a b => refute names (rows ++ [Lt b a]) above && refute names (rows ++ [Lt a b]) below
      | _ => false
      end
  | Equations ts =>
      let last := {| by_poly := Num 1; of_rows := [List.length rows]; by_square := None |} in
      match goal with
      | Eq a b => refute names (rows ++ [Lt b a]) (last :: map opposite ts) &&
                  refute names (rows ++ [Lt a b]) (last :: ts)
      | _ => false
      end
  end.

(** * Soundness *)

Definition all_hold (v : string -> Q) (rows : list row) : Prop := Forall (holds v) rows.

Section Names.

Variables (names : list string) (v : string -> Q).
Let env : PolEnv Q := fun i => v (nth (pred (Pos.to_nat i)) names EmptyString).

Lemma index_nth (l : list string) (x : string) (i : nat) :
  index l x = Some i -> nth i l EmptyString = x.
Proof.
  revert i. induction l as [|y l IH]; intros i; simpl; [discriminate|].
  destruct (String.eqb_spec y x) as [->|].
  - now intros [= <-].
  - destruct (index l x); simpl; [|discriminate]. intros [= <-]. now apply IH.
Qed.

Lemma compile_sound (p : poly) (e : PExpr Q) :
  compile names p = Some e -> Qeval_expr env e == eval v p.
Proof.
  revert e. induction p as [c|x|a IHa b IHb|a IHa b IHb]; simpl; intros e.
  - intros [= <-]. reflexivity.
  - destruct (index names x) as [i|] eqn:E; simpl; [|discriminate]. intros [= <-]. simpl.
    unfold env. rewrite SuccNat2Pos.id_succ. simpl. now rewrite (index_nth _ _ _ E).
  - destruct (compile names a); [|discriminate]. destruct (compile names b); [|discriminate].
    intros [= <-]. simpl. now rewrite IHa, IHb.
  - destruct (compile names a); [|discriminate]. destruct (compile names b); [|discriminate].
    intros [= <-]. simpl. now rewrite IHa, IHb.
Qed.

Lemma compile_row_sound (r : row) (f : Formula Q) :
  compile_row names r = Some f -> holds v r -> Qeval_nformula env (normal f).
Proof.
  intros C H. apply (normalise_sound Qsor QSORaddon). apply Qeval_formula_compat with (b := Tauto.isProp).
  destruct r as [a b|a b|a b]; simpl in C;
    destruct (compile names a) eqn:Ea; try discriminate;
    destruct (compile names b) eqn:Eb; try discriminate;
    injection C as <-; simpl in *;
    now rewrite (compile_sound _ _ Ea), (compile_sound _ _ Eb).
Qed.

Lemma compile_rows_sound (rows : list row) (fs : list (NFormula Q)) :
  compile_rows names rows = Some fs -> all_hold v rows -> Forall (Qeval_nformula env) fs.
Proof.
  revert fs. induction rows as [|r rows IH]; simpl; intros fs C H.
  - injection C as <-. constructor.
  - destruct (compile_row names r) eqn:E; [|discriminate].
    destruct (compile_rows names rows); [|discriminate]. injection C as <-.
    inversion H; subst. constructor; [now apply (compile_row_sound r)|]. now apply IH.
Qed.

Lemma refute_sound (rows : list row) (ts : list term) :
  refute names rows ts = true -> ~ all_hold v rows.
Proof.
  unfold refute. intros C H. destruct (compile_rows names rows) as [fs|] eqn:E; [|discriminate].
  pose proof (QWeakChecker_sound fs _ C env) as F.
  pose proof (compile_rows_sound rows fs E H) as G. clear - F G.
  induction G; simpl in F; auto.
Qed.

Lemma check_sound (p : proof) : forall rows goal,
  check names rows goal p = true -> all_hold v rows -> holds v goal.
Proof.
  assert (S : forall rows r ts, refute names (rows ++ [r]) ts = true -> all_hold v rows -> ~ holds v r).
  { intros rows r ts C H Hr. apply (refute_sound _ _ C). apply Forall_app. repeat constructor; auto. }
  induction p as [r why IHw more IHm|ts|above below|ts]; intros rows goal C H; simpl in C.
  - apply andb_true_iff in C as [Cw Cm]. apply (IHm _ _ Cm). apply Forall_app. split; [assumption|].
    constructor; [now apply (IHw _ _ Cw)|constructor].
  - destruct goal as [a b|a b|a b]; try discriminate; apply S in C; auto; simpl in *.
    + now apply Qnot_le_lt.
    + now apply Qnot_lt_le.
  - destruct goal as [a b|a b|a b]; try discriminate. apply andb_true_iff in C as [C1 C2].
    apply S in C1; auto. apply S in C2; auto. simpl in *. lra.
  - destruct goal as [a b|a b|a b]; try discriminate. apply andb_true_iff in C as [C1 C2].
    apply S in C1; auto. apply S in C2; auto. simpl in *. lra.
Qed.

End Names.

(** What exported files apply, for the kind farkas. *)
Theorem farkas (names : list string) (rows : list row) (goal : row) (p : proof) :
  check names rows goal p = true -> forall v, follows v rows goal.
Proof.
  intros C v. enough (H : all_hold v rows -> holds v goal).
  { clear C. induction rows as [|r rows IH]; simpl; [apply H; constructor|].
    intros Hr. apply IH. intros Hs. apply H. now constructor. }
  now apply (check_sound names v p).
Qed.

(** How rows are written in exported files: [("w" * "m" <= "B" + (1 # 2))%row]. *)
Module RowNotations.
  Coercion Num : Q >-> poly.
  Coercion Name : string >-> poly.
  Declare Scope row_scope.
  Delimit Scope row_scope with row.
  Notation "a + b" := (Add a b) : row_scope.
  Notation "a * b" := (Mul a b) : row_scope.
  Notation "a < b" := (Lt a b) : row_scope.
  Notation "a <= b" := (Le a b) : row_scope.
  Notation "a == b" := (Eq a b) : row_scope.
  Open Scope string_scope.
  Bind Scope row_scope with row poly.
End RowNotations.
