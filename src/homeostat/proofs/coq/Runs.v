(** Conjectures along one run, decided by running it. *)

From Coq Require Import QArith Qabs List Bool Lia.
From Homeostat Require Import Model Figures Settles Converges.
Import ListNotations.
Open Scope Q_scope.

Definition decide (p : parameters) (h : list moment) (c : figure * comparison * figure) : bool :=
  let '(f, how, g) := c in
  let x := measure p h f in let y := measure p h g in
  match how with
  | Below => negb (Qle_bool y x) | At_most => Qle_bool x y | Equal => Qeq_bool x y
  | Differs => negb (Qeq_bool x y) | At_least => Qle_bool y x | Above => negb (Qle_bool x y)
  end.

Lemma le_spec (a b : Q) : Qle_bool a b = true <-> a <= b.
Proof. apply Qle_bool_iff. Qed.

Lemma lt_spec (a b : Q) : negb (Qle_bool b a) = true <-> a < b.
Proof.
  split; intros H.
  - destruct (Qlt_le_dec a b) as [|L]; [assumption|]. apply le_spec in L. rewrite L in H. discriminate.
  - destruct (Qle_bool b a) eqn:E; [|reflexivity]. apply le_spec in E. now apply Qlt_not_le in H.
Qed.

Lemma decide_spec p h c : decide p h c = true <-> compare p h c.
Proof.
  destruct c as [[f how] g]. destruct how; simpl.
  - apply lt_spec.
  - apply le_spec.
  - apply Qeq_bool_iff.
  - rewrite negb_true_iff. rewrite <- Qeq_bool_iff. now rewrite not_true_iff_false.
  - apply le_spec.
  - apply lt_spec.
Qed.

Lemma forall_spec p h cs : forallb (decide p h) cs = true <-> all_compare p h cs.
Proof.
  unfold all_compare. rewrite forallb_forall, Forall_forall.
  split; intros H c Hc; apply decide_spec, H, Hc.
Qed.

(** Whether at no step of a history but the first all comparisons hold. *)
Fixpoint never (p : parameters) (h : list moment) (cs : list (figure * comparison * figure)) : bool :=
  match h with
  | [] | [_] => true
  | _ :: before => negb (forallb (decide p h) cs) && never p before cs
  end.


Lemma history_some p first t : history p first t <> [].
Proof.
  induction t as [|t IH]; simpl; [discriminate|].
  destruct (history p first t); [contradiction|discriminate].
Qed.

Theorem enumeration p first steps cs :
  never p (history p first steps) cs = true ->
  forall t, (1 <= t <= steps)%nat -> ~ all_compare p (history p first t) cs.
Proof.
  induction steps as [|n IH]; intros C t Ht; [lia|]. simpl history in C.
  pose proof (history_some p first n) as Hs. destruct (history p first n) as [|m h] eqn:E;
    [contradiction|].
  simpl never in C. apply andb_true_iff in C as [C1 C2].
  destruct (Nat.eq_dec t (S n)) as [->|].
  - intros H. apply forall_spec in H. simpl history in H. rewrite E in H. rewrite H in C1. discriminate.
  - apply IH; [assumption|lia].
Qed.

Theorem replay p h cs : forallb (decide p h) cs = true -> all_compare p h cs.
Proof. apply forall_spec. Qed.

(** * Assumptions of witnesses *)

Definition canonical (p : parameters) (M : list Q) : Prop :=
  Forall2 Qeq M (capacity p / hd 1 (weights p) :: repeat 0 (pred (l_b p))).

(** From all starts, negative ones too, Theory tends to the equilibrium. *)
Definition stable (p : parameters) : Prop :=
  forall M, length M = l_b p -> dot (weights p) M == capacity p ->
  tends_to (fun t => theory p t M) (equilibrium p).

Fixpoint same_numbers (l m : list Q) : bool :=
  match l, m with
  | [], [] => true
  | x :: l', y :: m' => Qeq_bool x y && same_numbers l' m'
  | _, _ => false
  end.

Lemma same_numbers_sound l m : same_numbers l m = true -> Forall2 Qeq l m.
Proof.
  revert m. induction l as [|x l IH]; intros [|y m]; simpl; try discriminate; constructor.
  - apply Qeq_bool_iff. now apply andb_true_iff in H as [H _].
  - apply IH. now apply andb_true_iff in H as [_ H].
Qed.

Lemma starts p M :
  (length M =? l_b p)%nat && forallb (Qle_bool 0) M && Qeq_bool (dot (weights p) M) (capacity p)
  = true -> start p M.
Proof.
  intros H. apply andb_true_iff in H as [H Ht]. apply andb_true_iff in H as [Hl Hn].
  repeat split.
  - now apply Nat.eqb_eq.
  - apply Forall_forall. intros x Hx. rewrite forallb_forall in Hn. now apply le_spec, Hn.
  - now apply Qeq_bool_iff.
Qed.

Lemma typed_starts p M T :
  (length T =? l_b p)%nat && forallb (fun m => Qle_bool 0 (fst m) && Qle_bool 0 (snd m)) T
  && same_numbers (merged p T) M = true -> typed_start p M T.
Proof.
  intros H. apply andb_true_iff in H as [H Ht]. apply andb_true_iff in H as [Hl Hn].
  repeat split.
  - now apply Nat.eqb_eq.
  - apply Forall_forall. intros x Hx. rewrite forallb_forall in Hn. specialize (Hn x Hx).
    apply andb_true_iff in Hn as [Ha Hb]. split; now apply le_spec.
  - now apply same_numbers_sound.
Qed.
